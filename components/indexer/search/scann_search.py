"""ScaNN search inside a SavedModel, with one searcher for all signatures.

Nothing else in the project knows the ScaNN op. Each signature restores the searcher by the same
`TensorsToScann` op under a constant `shared_name`, so that the first call makes it and all others
find it; `scann_ops.searcher_from_module` draws a new name for each and holds the index once per
signature.
"""

import hashlib
import math

import numpy as np
import tensorflow as tf
from scann.scann_ops.py import scann_builder, scann_ops

from components.indexer.search.plan import SearchKind, SearchPlan
from components.indexer.search.retrieval import Search

# Outputs of `ScannToTensors`, in order; the last, the dataset, is the table of embeddings.
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
    """A trained ScaNN index; the vectors are stored once, in `embedding`."""

    def __init__(self, embedding: tf.Variable, state: list[tf.Tensor]):
        """Holds an index.

        Args:
          embedding: [num_items, dim] float32.
          state: What `ScannToTensors` gave, the dataset left out.
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
        """How many items it holds."""
        return int(self.embedding.shape[0])

    def state_bytes(self) -> int:
        """Size of what ScaNN made of the vectors."""
        return sum(_content(part).nbytes for part in self.state)

    def searcher(self) -> scann_ops.ScannSearcher:
        """The one searcher of this index, made by whichever call comes first."""
        handle = scann_ops.tensors_to_scann(
            self.embedding, *self.state, shared_name=self._shared_name
        )
        return scann_ops.ScannSearcher(handle)


class ScannSearch(tf.Module):
    """An index and the way it is asked."""

    def __init__(self, index: ScannIndex, plan: SearchPlan, fetch: int):
        """How an index is asked.

        Args:
          index: What is asked.
          plan: Leaves to search and items to reorder; the rest is built in.
          fetch: How many items the plan was tuned with. A request for fewer scores as many again,
            and finds as much.
        """
        super().__init__(name="scann_search")
        self.index = index
        self.plan = plan
        self.fetch = fetch

    def __call__(self, queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds near items; what it gives is neither full nor clean.

        Args:
          queries: [B, dim] float32.
          num_neighbors: Scalar int32, at most the number of items.

        Returns:
          Rows [B, found] int32 and inner products [B, found] float32, best first. `found` may be
          less than asked, and a short row is filled with NaN scores and repeated rows.
        """
        tuned_with = tf.maximum(num_neighbors, self.fetch)
        reorder = pre_reorder(self.plan, tuned_with, self.index.num_items)
        rows, scores = self.index.searcher().search_batched_parallel(
            queries, num_neighbors, reorder, self.plan.leaves_to_search or _DEFAULT
        )
        return tf.cast(rows, tf.int32), scores


class BuiltScann:
    """A freshly trained index, to be asked in many ways before one of them is kept."""

    def __init__(self, embedding: tf.Variable, plan: SearchPlan):
        """Trains an index by inner product.

        Args:
          embedding: [num_items, dim] float32.
          plan: How it is built; any kind but exact.
        """
        self.embedding = embedding
        num_items = int(embedding.shape[0])
        builder = scann_ops.builder(embedding.numpy(), min(100, num_items), "dot_product")
        self._searcher = configured(builder, plan).build()
        self._ask = tf.function(
            self._search,
            autograph=False,
            input_signature=[
                tf.TensorSpec([None, embedding.shape[1]], tf.float32),
                *[tf.TensorSpec([], tf.int32)] * 3,
            ],
        )

    def search(self, plan: SearchPlan) -> Search:
        """Asks by the leaves and the reordering of `plan`."""
        num_items = int(self.embedding.shape[0])

        def asked(queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            reorder = pre_reorder(plan, num_neighbors, num_items)
            leaves = tf.constant(plan.leaves_to_search or _DEFAULT)
            return self._ask(queries, num_neighbors, reorder, leaves)

        return asked

    def keep(self) -> ScannIndex:
        """The index as it is exported.

        Raises:
          RuntimeError: This version of ScaNN stores vectors in another way.
        """
        *state, dataset = scann_ops.scann_to_tensors(self._searcher.searcher_handle)
        if dataset.shape != self.embedding.shape:
            raise RuntimeError(
                f"ScaNN kept vectors of shape {dataset.shape}, expected {self.embedding.shape}: "
                "this version of scann stores them differently; install the one of "
                "requirements.lock"
            )
        return ScannIndex(self.embedding, state)

    def release(self) -> None:
        """Frees the searcher, which TensorFlow would hold until the process ends."""
        tf.raw_ops.DestroyResourceOp(resource=self._searcher.searcher_handle)

    def _search(
        self, queries: tf.Tensor, num_neighbors: tf.Tensor, reorder: tf.Tensor, leaves: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        rows, scores = self._searcher.search_batched_parallel(
            queries, num_neighbors, reorder, leaves
        )
        return tf.cast(rows, tf.int32), scores


def pre_reorder(plan: SearchPlan, fetch: tf.Tensor, num_items: int) -> tf.Tensor:
    """How many items are scored again exactly; ScaNN's brute force does so with none."""
    if plan.kind is SearchKind.SCANN_BRUTE_FORCE:
        return tf.constant(_DEFAULT)
    wanted = tf.math.ceil(tf.cast(fetch, tf.float32) * plan.reorder_factor)
    return tf.minimum(tf.cast(wanted, tf.int32), num_items)


def configured(builder: scann_builder.ScannBuilder, plan: SearchPlan) -> scann_builder.ScannBuilder:
    """ScaNN's own builder, of either of its bindings, told to build by `plan`."""
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
    """A string, or numbers as they lie in memory; not a protocol buffer, which ends at 2 GiB."""
    value = part.numpy()
    return memoryview(value if isinstance(value, bytes) else np.ascontiguousarray(value).data)
