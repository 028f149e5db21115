"""ScaNN search inside a SavedModel, with one searcher for all signatures.

Only this module uses the ScaNN op. Each signature restores the searcher with a `TensorsToScann` op
that has the same constant `shared_name`, so that the first call creates the searcher and all others
reuse it. `scann_ops.searcher_from_module` generates a new name per signature, which would keep one
copy of the index per signature in memory.
"""

import hashlib
import math

import numpy as np
import tensorflow as tf
from scann.scann_ops.py import scann_builder, scann_ops

from components.indexer.search.retrieval import Search
from components.indexer.search.search_plan import SearchKind, SearchPlan

# The outputs of `ScannToTensors` in order, without the last: the dataset equals the embeddings.
_STATE = (
    "scann_config",
    "serialized_partitioner",
    "datapoint_to_token",
    "ah_codebook",
    "hashed_dataset",
    "int8_dataset",
    "int8_multipliers",
    "dp_norms",
)
_DEFAULT = -1
_TRAINING_SAMPLE = 250_000


class ScannIndex(tf.Module):
    """A trained ScaNN index, which stores the vectors only in `embedding`."""

    def __init__(self, embedding: tf.Variable, state: list[tf.Tensor]):
        """Creates the index from its state.

        Args:
          embedding: [num_items, dim] float32.
          state: The outputs of `ScannToTensors` without the dataset.
        """
        super().__init__(name="scann_index")
        self.embedding = embedding
        self.state = [
            tf.Variable(tensor, trainable=False, name=name)
            for name, tensor in zip(_STATE, state, strict=True)
        ]
        self._shared_name = f"scann-{_content_hash([embedding, *self.state])}"

    @property
    def num_items(self) -> int:
        """The number of items."""
        return int(self.embedding.shape[0])

    def state_bytes(self) -> int:
        """Returns the size of the index data without the vectors, in bytes."""
        return sum(_content(part).nbytes for part in self.state)

    def searcher(self) -> scann_ops.ScannSearcher:
        """Returns the shared searcher of this index, which the first call creates."""
        handle = scann_ops.tensors_to_scann(
            self.embedding, *self.state, shared_name=self._shared_name
        )
        return scann_ops.ScannSearcher(handle)


class ScannSearch(tf.Module):
    """A search with an index and fixed query parameters."""

    def __init__(self, index: ScannIndex, plan: SearchPlan, fetch: int):
        """Creates the search.

        Args:
          index: The index.
          plan: The plan of the index, including leaves to search and items to reorder.
          fetch: Number of fetched items in tuning. A request for fewer items rescores as many
            items, and therefore reaches the same recall.
        """
        super().__init__(name="scann_search")
        self.index = index
        self.plan = plan
        self.fetch = fetch

    def __call__(self, queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds near items. Rows may be incomplete and contain padding.

        Args:
          queries: [B, dim] float32.
          num_neighbors: Scalar int32, at most the number of items.

        Returns:
          Rows [B, num_found] int32 and inner products [B, num_found] float32, best first.
          `num_found` may be less than `num_neighbors`. Short rows are padded with NaN scores and
          repeated rows.
        """
        fetch = tf.maximum(num_neighbors, self.fetch)
        reorder = num_reordered(self.plan, fetch, self.index.num_items)
        rows, scores = self.index.searcher().search_batched_parallel(
            queries, num_neighbors, reorder, self.plan.leaves_to_search or _DEFAULT
        )
        return tf.cast(rows, tf.int32), scores


class BuiltScann:
    """A newly trained index, on which query parameters are tuned before it is exported."""

    def __init__(self, embedding: tf.Variable, plan: SearchPlan):
        """Trains an index by inner product.

        Args:
          embedding: [num_items, dim] float32.
          plan: The build parameters; any kind except exact.
        """
        self.embedding = embedding
        num_items = int(embedding.shape[0])
        builder = scann_ops.builder(embedding.numpy(), min(100, num_items), "dot_product")
        self._searcher = configured(builder, plan).build()
        self._search_function = tf.function(
            self._search,
            autograph=False,
            input_signature=[
                tf.TensorSpec([None, embedding.shape[1]], tf.float32),
                *[tf.TensorSpec([], tf.int32)] * 3,
            ],
        )

    def search(self, plan: SearchPlan) -> Search:
        """Returns the search with the query parameters of `plan`."""
        num_items = int(self.embedding.shape[0])

        def search(queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            reorder = num_reordered(plan, num_neighbors, num_items)
            leaves = tf.constant(plan.leaves_to_search or _DEFAULT)
            return self._search_function(queries, num_neighbors, reorder, leaves)

        return search

    def export(self) -> ScannIndex:
        """Returns the index in the form that is saved.

        Raises:
          RuntimeError: The installed version of ScaNN stores vectors differently.
        """
        *state, dataset = scann_ops.scann_to_tensors(self._searcher.searcher_handle)
        if dataset.shape != self.embedding.shape:
            raise RuntimeError(
                f"ScaNN stored vectors of shape {dataset.shape}, expected {self.embedding.shape}: "
                "the installed version of scann stores them differently; run `make clean setup`, "
                "which installs a version that this project knows"
            )
        return ScannIndex(self.embedding, state)

    def release(self) -> None:
        """Frees the searcher, which TensorFlow would otherwise keep until the process ends."""
        tf.raw_ops.DestroyResourceOp(resource=self._searcher.searcher_handle)

    def _search(
        self, queries: tf.Tensor, num_neighbors: tf.Tensor, reorder: tf.Tensor, leaves: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        rows, scores = self._searcher.search_batched_parallel(
            queries, num_neighbors, reorder, leaves
        )
        return tf.cast(rows, tf.int32), scores


def num_reordered(plan: SearchPlan, fetch: tf.Tensor, num_items: int) -> tf.Tensor:
    """Returns the number of items to score again exactly; -1 for brute force, which needs none."""
    if plan.kind is SearchKind.SCANN_BRUTE_FORCE:
        return tf.constant(_DEFAULT)
    reordered = tf.math.ceil(tf.cast(fetch, tf.float32) * plan.reorder_factor)
    return tf.minimum(tf.cast(reordered, tf.int32), num_items)


def configured(builder: scann_builder.ScannBuilder, plan: SearchPlan) -> scann_builder.ScannBuilder:
    """Applies the build parameters of `plan` to a ScaNN builder of either Python binding."""
    num_items, dim = builder.db.shape
    if plan.kind is SearchKind.SCANN_BRUTE_FORCE:
        return builder.score_brute_force()
    if plan.kind is SearchKind.SCANN_TREE_HASH:
        builder = builder.tree(
            plan.num_leaves,
            plan.leaves_to_search,
            training_sample_size=min(num_items, _TRAINING_SAMPLE),
            min_partition_size=1,
            avq=plan.anisotropic_leaves,
        )
    threshold = plan.anisotropic_threshold
    return builder.score_ah(
        min(plan.dims_per_block, dim),
        anisotropic_quantization_threshold=float("nan") if threshold is None else threshold,
    ).reorder(math.ceil(100 * plan.reorder_factor))


def _content_hash(parts: list[tf.Variable]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        content = _content(part)
        digest.update(f"{part.dtype.name} {part.shape} {content.nbytes} ".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def _content(part: tf.Variable) -> memoryview:
    """Returns the bytes of a variable, without a protocol buffer, whose size limit is 2 GiB."""
    value = part.numpy()
    return memoryview(value if isinstance(value, bytes) else np.ascontiguousarray(value).data)
