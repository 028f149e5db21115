"""ScaNN search inside a SavedModel, with one searcher for all signatures.

Nothing else in the project knows the ScaNN op. Each signature restores the searcher by the same
`TensorsToScann` op under a constant `shared_name`, so that the first call makes it and all others
find it; `scann_ops.searcher_from_module` draws a new name for each and holds the index once per
signature.
"""

import hashlib
from typing import cast

import tensorflow as tf
from scann.scann_ops.py import scann_ops

from components.indexer.plan import SearchKind, SearchPlan

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

    def searcher(self) -> scann_ops.ScannSearcher:
        """The one searcher of this index, made by whichever call comes first."""
        handle = scann_ops.tensors_to_scann(
            self.embedding, *self.state, shared_name=self._shared_name
        )
        return scann_ops.ScannSearcher(handle)


class ScannSearch(tf.Module):
    """An index and the way it is asked."""

    def __init__(self, index: ScannIndex, plan: SearchPlan):
        """Args: plan: Leaves to search and items to reorder; the rest is built in."""
        super().__init__(name="scann_search")
        self.index = index
        self.plan = plan

    def __call__(self, queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds near items; what it gives is neither full nor clean.

        Args:
          queries: [B, dim] float32.
          num_neighbors: Scalar int32, at most the number of items.

        Returns:
          Rows [B, found] int32 and inner products [B, found] float32, best first. `found` may be
          less than asked, and a short row is filled with NaN scores and repeated rows.
        """
        rows, scores = self.index.searcher().search_batched_parallel(
            queries, num_neighbors, self._pre_reorder(num_neighbors), self._leaves()
        )
        return tf.cast(rows, tf.int32), scores

    def _pre_reorder(self, num_neighbors: tf.Tensor) -> tf.Tensor | int:
        if self.plan.kind is SearchKind.SCANN_BRUTE_FORCE:
            return _DEFAULT
        return tf.minimum(num_neighbors * self.plan.reorder_factor, self.index.num_items)

    def _leaves(self) -> int:
        return self.plan.leaves_to_search or _DEFAULT


def train_scann(embedding: tf.Variable, plan: SearchPlan) -> ScannIndex:
    """Trains a ScaNN index by inner product.

    Args:
      embedding: [num_items, dim] float32.
      plan: Its configuration; any kind but exact.
    """
    num_items, dim = cast(tuple[int, int], tuple(embedding.shape))
    builder = scann_ops.builder(embedding.numpy(), min(100, num_items), "dot_product")
    if plan.kind is SearchKind.SCANN_BRUTE_FORCE:
        builder = builder.score_brute_force()
    else:
        if plan.kind is SearchKind.SCANN_TREE_HASH:
            builder = builder.tree(
                plan.num_leaves,
                plan.leaves_to_search,
                training_sample_size=min(num_items, 250_000),
                min_partition_size=1,
            )
        builder = builder.score_ah(
            min(plan.dims_per_block, dim),
            anisotropic_quantization_threshold=plan.anisotropic_threshold,
        ).reorder(100 * plan.reorder_factor)
    *state, dataset = scann_ops.scann_to_tensors(builder.build().searcher_handle)
    if dataset.shape != embedding.shape:
        raise RuntimeError(
            f"ScaNN kept vectors of shape {dataset.shape}, expected {embedding.shape}: this "
            "version of scann stores them differently; install the one of requirements.lock"
        )
    return ScannIndex(embedding, state)


def _content_hash(parts: list[tf.Variable]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(tf.io.serialize_tensor(part).numpy())
    return digest.hexdigest()[:32]
