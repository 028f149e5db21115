"""Softmax cross-entropy over the whole catalogue, computed in groups of queries."""

from collections.abc import Callable

import tensorflow as tf

from components.trainer.losses.base import RetrievalLoss, ScoredItems, StepItems, TargetQueries
from components.trainer.seeds import Seed
from components.trainer.time.item_dynamics import ItemDynamics

# Scores held in memory at a time: a few times the size of a processor's cache.
_SCORES_PER_GROUP = 2**21
_LARGEST_GROUP = 512
_SMALLEST_PROBABILITY = 1e-30
# Added to the score of an item that has not appeared yet.
_MASKED_SCORE = -1e9

# From the index of a group's first query, the index of its last query, and the item embeddings
# [num_items, dim] to the candidates [num_items, width] and a mask [num_items] bool of the
# candidates that are scored, or None for all.
GroupCandidates = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor | None]]


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

        def group_candidates(
            first: tf.Tensor, last: tf.Tensor, embeddings: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor | None]:
            return (
                self.dynamics.with_features(embeddings, rows, time_s[first], targets.lag),
                self.dynamics.has_appeared(rows, time_s[last]),
            )

        largest = tf.minimum(_SCORES_PER_GROUP // tf.size(rows), _LARGEST_GROUP)
        return grouped_softmax(
            targets._replace(queries=targets.queries / self.temperature),
            items.embeddings,
            group_candidates,
            self.dynamics.group_size(largest, tf.size(targets.weights)),
        )


def grouped_softmax(
    targets: TargetQueries,
    embeddings: tf.Tensor,
    group_candidates: GroupCandidates,
    size: tf.Tensor,
) -> tf.Tensor:
    """Returns the weighted sum of the cross-entropy of each target among all candidates.

    The gradient is computed together with the loss, while the probabilities p of a group are in
    memory. The gradient of the queries is (p - onehot(target)) · candidates, and the gradient of
    the candidates is (p - onehot(target))ᵀ · queries. Automatic differentiation would keep a
    matrix of shape [num_queries, num_items] until the backward pass.

    Args:
      targets: The queries, [num_queries, width], and their target items.
      embeddings: [num_items, dim] float32, dim ≤ width.
      group_candidates: Returns the candidates of a group. The columns that it adds to `embeddings`
        get no gradient.
      size: Scalar int32, queries per group.

    Returns:
      Scalar float32.
    """
    num_items, dim = tf.shape(embeddings)[0], tf.shape(embeddings)[1]
    weights, item_indices = targets.weights, targets.item_indices

    @tf.custom_gradient
    def loss_of(
        queries: tf.Tensor, embeddings: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        num_groups = -(-tf.shape(queries)[0] // size)

        def add_group(
            index: tf.Tensor, loss: tf.Tensor, by_query: tf.TensorArray, by_item: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            group = slice(index * size, (index + 1) * size)
            query, weight, target = queries[group], weights[group], item_indices[group]
            last = tf.minimum((index + 1) * size, tf.size(weights)) - 1
            candidates, is_scored = group_candidates(index * size, last, embeddings)
            scores = tf.matmul(query, candidates, transpose_b=True)
            if is_scored is not None:
                scores += tf.where(is_scored, 0.0, _MASKED_SCORE)
            probability = tf.nn.softmax(scores)
            target_probability = tf.maximum(
                tf.gather(probability, target, batch_dims=1), _SMALLEST_PROBABILITY
            )
            weighted = query * weight[:, tf.newaxis]
            query_gradient = tf.matmul(probability, candidates) - tf.gather(candidates, target)
            by_query = by_query.write(index, query_gradient * weight[:, tf.newaxis])
            expected = tf.matmul(probability, weighted[:, :dim], transpose_a=True)
            by_item += tf.tensor_scatter_nd_sub(expected, target[:, tf.newaxis], weighted[:, :dim])
            return (
                index + 1,
                loss - tf.reduce_sum(weight * tf.math.log(target_probability)),
                by_query,
                by_item,
            )

        by_query = tf.TensorArray(
            tf.float32, num_groups, infer_shape=False, element_shape=[None, queries.shape[1]]
        )
        _, loss, by_query, by_item = tf.while_loop(
            lambda index, *_: index < num_groups,
            add_group,
            [0, 0.0, by_query, tf.zeros([num_items, dim])],
            parallel_iterations=1,
        )
        # An empty TensorArray cannot be concatenated.
        gradients = tf.cond(num_groups > 0, by_query.concat, lambda: queries), by_item
        return loss, lambda upstream: tuple(upstream * gradient for gradient in gradients)

    return loss_of(targets.queries, embeddings)
