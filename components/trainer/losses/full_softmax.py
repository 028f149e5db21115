"""Softmax cross-entropy over the whole catalogue, computed in blocks of queries."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from components.trainer.losses.base import RetrievalLoss, ScoredItems, StepItems, TargetQueries
from components.trainer.seeds import Seed
from components.trainer.time.item_dynamics import ItemDynamics

# Scores held in memory at a time: about the size of a processor's cache.
_SCORES_PER_BLOCK = 2**20
_LARGEST_BLOCK = 512
_SMALLEST_PROBABILITY = 1e-30
# Added to the score of an item that has not appeared yet.
_MASKED_SCORE = -1e9


class GroupItems(NamedTuple):
    """What distinguishes the candidates of groups of queries.

    Attributes:
      features: The time-dependent features of the items, by which their embeddings are extended:
        tensors of shape [num_groups, num_items] float32.
      is_scored: [num_groups, num_items] bool: the items that are scored; None means all.
    """

    features: list[tf.Tensor]
    is_scored: tf.Tensor | None


# From the [num_groups] int32 indices of the first and of the last query of each group.
GroupItemsOf = Callable[[tf.Tensor, tf.Tensor], GroupItems]


class FullSoftmaxLoss(RetrievalLoss):
    """Cross-entropy of the target item among all items of the catalogue.

    No negatives are sampled, so no sampling bias has to be corrected. For next-item prediction,
    this loss is far better than a few sampled negatives (Klenitskiy and Vasilev, 2023, "Turning
    Dross Into Gold Loss: is BERT4Rec really better than SASRec?").

    Example: the scores of three items are log 1, log 2 and log 5. The softmax probability of the
    last item is 5 / 8, and its loss is log(8 / 5).

    >>> loss = FullSoftmaxLoss(temperature=1.0, num_items=3, dynamics=ItemDynamics())
    >>> targets = TargetQueries(
    ...     queries=tf.constant([[1.0]]),
    ...     weights=tf.constant([1.0]),
    ...     item_indices=tf.constant([2]),
    ...     time_s=tf.constant([0], tf.int64),
    ...     lag=tf.constant(0),
    ... )
    >>> items = ScoredItems(
    ...     rows=tf.range(3),
    ...     embeddings=tf.math.log([[1.0], [2.0], [5.0]]),
    ...     negative_indices=tf.zeros([0], tf.int32),
    ... )
    >>> round(float(loss(targets, items)), 3)
    0.47
    """

    def __init__(self, temperature: float, num_items: int, dynamics: ItemDynamics):
        """Prepares the loss.

        Args:
          temperature: Scores are divided by it.
          num_items: The number of items in the catalogue.
          dynamics: Time-dependent item features, and the times at which items appear.
        """
        super().__init__(name="full_softmax_loss")
        self.temperature = temperature
        self.num_items = num_items
        self.dynamics = dynamics

    def step_items(self, event_rows: tf.Tensor, seed: Seed) -> StepItems:
        """Selects the whole catalogue, plus the unknown item, which occurs in histories only."""
        del seed
        return StepItems(
            rows=tf.range(self.num_items + 1),
            event_indices=event_rows,
            negative_indices=tf.zeros([0], tf.int32),
            num_candidates=self.num_items,
        )

    def call(self, targets: TargetQueries, items: ScoredItems) -> tf.Tensor:
        """Scores every query against every item.

        Args:
          targets: The queries and their target items. Item features of a group of queries are as
            of its first query; an item is scored if it has appeared by the last query.
          items: The whole catalogue; `negative_indices` are ignored.

        Returns:
          Scalar float32: the weighted sum of the losses of the queries.
        """
        rows, time_s = items.rows, targets.time_s

        def group_items(first: tf.Tensor, last: tf.Tensor) -> GroupItems:
            return GroupItems(
                self.dynamics.feature_columns(rows, tf.gather(time_s, first), targets.lag),
                self.dynamics.has_appeared(rows, tf.gather(time_s, last)),
            )

        largest = tf.clip_by_value(_SCORES_PER_BLOCK // tf.size(rows), 1, _LARGEST_BLOCK)
        size = self.dynamics.group_size(largest, tf.size(targets.weights))
        return grouped_softmax(
            targets._replace(queries=targets.queries / self.temperature),
            items.embeddings,
            group_items,
            size,
            largest // size,
        )


def grouped_softmax(
    targets: TargetQueries,
    embeddings: tf.Tensor,
    group_items: GroupItemsOf,
    size: tf.Tensor,
    groups_per_block: tf.Tensor,
) -> tf.Tensor:
    """Returns the weighted sum of the cross-entropy of each target among all candidates.

    A candidate of a group is an embedding and the features of the item in that group. The scores of
    several groups are computed together, because matrix products are slow for the few queries of
    one group.

    The gradient is computed together with the loss, while the probabilities p of a block are in
    memory. The gradient of the queries is (p - onehot(target)) · candidates, and the gradient of
    the candidates is (p - onehot(target))ᵀ · queries. Automatic differentiation would keep a
    matrix of shape [num_queries, num_items] until the backward pass.

    Args:
      targets: The queries, [num_queries, dim + num_features], and their target items.
      embeddings: [num_items, dim] float32.
      group_items: Returns the features of the items of groups, which get no gradient, and the items
        that are scored.
      size: Scalar int32, queries per group.
      groups_per_block: Scalar int32: how many groups are scored together.

    Returns:
      Scalar float32.
    """
    num_items, dim = tf.shape(embeddings)[0], tf.shape(embeddings)[1]
    num_queries = tf.size(targets.weights)
    block_size = size * groups_per_block
    num_blocks = -(-num_queries // block_size)
    padding = [[0, num_blocks * block_size - num_queries]]
    weights = tf.pad(targets.weights, padding)
    item_indices = tf.pad(targets.item_indices, padding)

    @tf.custom_gradient
    def loss_of(
        queries: tf.Tensor, embeddings: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        padded = tf.pad(queries, [*padding, [0, 0]])

        def add_block(
            index: tf.Tensor, loss: tf.Tensor, by_query: tf.TensorArray, by_item: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            block = slice(index * block_size, (index + 1) * block_size)
            query, weight, target = padded[block], weights[block], item_indices[block]
            end = index * block_size + tf.range(1, groups_per_block + 1) * size
            # Groups of padding alone have the items of the last query.
            last = tf.minimum(end, num_queries) - 1
            items = group_items(tf.minimum(end - size, last), last)
            features = tf.stack(items.features, 1) if items.features else None
            probability = tf.nn.softmax(_scores(query, embeddings, items))
            target_probability = tf.maximum(
                tf.gather(probability, target, batch_dims=1), _SMALLEST_PROBABILITY
            )
            expected = _expected_candidate(probability, embeddings, features)
            gradient = expected - _target_candidate(target, embeddings, features)
            weight_column = weight[:, tf.newaxis]
            return (
                index + 1,
                loss - tf.reduce_sum(weight * tf.math.log(target_probability)),
                by_query.write(index, gradient * weight_column),
                by_item + tf.matmul(probability, query[:, :dim] * weight_column, transpose_a=True),
            )

        by_query = tf.TensorArray(
            tf.float32, num_blocks, infer_shape=False, element_shape=[None, queries.shape[1]]
        )
        _, loss, by_query, by_item = tf.while_loop(
            lambda index, *_: index < num_blocks,
            add_block,
            [0, 0.0, by_query, tf.zeros([num_items, dim])],
            parallel_iterations=1,
        )
        # An empty TensorArray cannot be concatenated.
        query_gradient = tf.cond(num_blocks > 0, by_query.concat, lambda: queries)[:num_queries]
        item_gradient = tf.tensor_scatter_nd_sub(
            by_item,
            targets.item_indices[:, tf.newaxis],
            queries[:, :dim] * targets.weights[:, tf.newaxis],
        )
        return loss, lambda upstream: (upstream * query_gradient, upstream * item_gradient)

    return loss_of(targets.queries, embeddings)


def _scores(query: tf.Tensor, embeddings: tf.Tensor, items: GroupItems) -> tf.Tensor:
    """Returns [num_queries, num_items] float32; the groups have equally many queries."""
    dim = tf.shape(embeddings)[1]
    scores = tf.matmul(query[:, :dim], embeddings, transpose_b=True)
    query, features = query[:, dim:], items.features
    if items.is_scored is not None:
        # One more feature, which every query weighs by 1.
        features = [*features, tf.where(items.is_scored, 0.0, _MASKED_SCORE)]
        query = tf.pad(query, [[0, 0], [0, 1]], constant_values=1.0)
    if not features:
        return scores
    by_group = tf.matmul(_by_group(query, features[0]), tf.stack(features, 1))
    return scores + tf.reshape(by_group, tf.shape(scores))


def _expected_candidate(
    probability: tf.Tensor, embeddings: tf.Tensor, features: tf.Tensor | None
) -> tf.Tensor:
    """Returns the mean candidate, weighted by probability.

    Args:
      probability: [num_queries, num_items] float32.
      embeddings: [num_items, dim] float32.
      features: [num_groups, num_features, num_items] float32; None if there are none.

    Returns:
      [num_queries, dim + num_features] float32.
    """
    expected = tf.matmul(probability, embeddings)
    if features is None:
        return expected
    of_features = tf.matmul(_by_group(probability, features), features, transpose_b=True)
    return tf.concat([expected, tf.reshape(of_features, [-1, features.shape[1]])], -1)


def _target_candidate(
    target: tf.Tensor, embeddings: tf.Tensor, features: tf.Tensor | None
) -> tf.Tensor:
    """Returns the candidate of each target; arguments and shape as of `_expected_candidate`."""
    embedding = tf.gather(embeddings, target)
    if features is None:
        return embedding
    rows = tf.reshape(target, [tf.shape(features)[0], 1, -1])
    rows = tf.repeat(rows, features.shape[1], axis=1)
    of_features = tf.transpose(tf.gather(features, rows, batch_dims=2), [0, 2, 1])
    return tf.concat([embedding, tf.reshape(of_features, [-1, features.shape[1]])], -1)


def _by_group(x: tf.Tensor, groups: tf.Tensor) -> tf.Tensor:
    """Reshapes [num_queries, width] to [num_groups, queries per group, width]."""
    num_groups = tf.shape(groups)[0]
    return tf.reshape(x, [num_groups, tf.shape(x)[0] // num_groups, tf.shape(x)[1]])
