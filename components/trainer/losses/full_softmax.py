"""The softmax over the whole catalogue, a group of queries at a time."""

from collections.abc import Callable

import tensorflow as tf
import tf_keras as keras

from components.trainer.losses.targets import Candidates, Targets
from components.trainer.plan import TrainPlan
from components.trainer.time.items_in_time import ItemsInTime

# Scores that stand in memory together: a few times what a processor's cache holds.
_SCORES_PER_GROUP = 2**21
_LARGEST_GROUP = 512
_SMALLEST_PROBABILITY = 1e-30
_OUT_OF_QUESTION = -1e9


class FullSoftmaxLoss(keras.layers.Layer):
    """Cross-entropy of the target among all items: no sampling, so nothing to correct.

    For next-item prediction it is far ahead of few sampled negatives (Klenitskiy and Vasilev, 2023,
    "Turning Dross Into Gold Loss: is BERT4Rec really better than SASRec?"). TFRS's retrieval task
    tells a target apart from candidates of its batch; here every item is one.
    """

    def __init__(self, plan: TrainPlan, in_time: ItemsInTime):
        """`in_time` says what items are at an instant."""
        super().__init__(name="full_softmax_loss")
        self.temperature = plan.temperature
        self.in_time = in_time

    def call(self, targets: Targets, candidates: Candidates) -> tf.Tensor:
        """Scores every query against every item.

        Args:
          targets: Queries; a group's items are as of its first, those that are there at its last.
          candidates: The whole catalogue; `negatives` are ignored.

        Returns:
          Scalar float32: the weighted sum over the queries.
        """
        rows, time_s = candidates.rows, targets.time_s

        def of_group(
            first: tf.Tensor, last: tf.Tensor, embeddings: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor | None]:
            return (
                self.in_time.with_features(embeddings, rows, time_s[first], targets.lag),
                self.in_time.is_there(rows, time_s[last]),
            )

        largest = tf.minimum(_SCORES_PER_GROUP // tf.size(rows), _LARGEST_GROUP)
        return grouped_softmax(
            targets._replace(queries=targets.queries / self.temperature),
            candidates.embeddings,
            of_group,
            self.in_time.group_size(largest, tf.size(targets.weights)),
        )


def grouped_softmax(
    targets: Targets,
    embeddings: tf.Tensor,
    of_group: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor | None]],
    size: tf.Tensor,
) -> tf.Tensor:
    """Sums the weighted cross-entropy of each target among all candidates.

    The gradient is computed with the loss, while a group's probabilities p are at hand: of the
    queries it is (p - 1[target]) · candidates, of the candidates its transpose times the queries.
    What would be kept for a later pass is the size of queries times catalogue.

    Args:
      targets: Queries [num_queries, width].
      embeddings: [num_items, dim] float32, dim ≤ width.
      of_group: From a group's first and last query and the embeddings to [num_items, width]
        candidates, what it adds having no gradient, and [num_items] bool, which of them count; None
        is all.
      size: Scalar int32, queries a group.

    Returns:
      Scalar float32.
    """
    num_items, dim = tf.shape(embeddings)[0], tf.shape(embeddings)[1]
    weights, places = targets.weights, targets.places

    @tf.custom_gradient
    def loss_of(queries: tf.Tensor, embeddings: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        num_groups = -(-tf.shape(queries)[0] // size)

        def group(
            index: tf.Tensor, loss: tf.Tensor, by_query: tf.TensorArray, by_item: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            members = slice(index * size, (index + 1) * size)
            query, weight, place = queries[members], weights[members], places[members]
            last = tf.minimum((index + 1) * size, tf.size(weights)) - 1
            candidates, counts = of_group(index * size, last, embeddings)
            scores = tf.matmul(query, candidates, transpose_b=True)
            if counts is not None:
                scores += tf.where(counts, 0.0, _OUT_OF_QUESTION)
            probability = tf.nn.softmax(scores)
            of_target = tf.maximum(
                tf.gather(probability, place, batch_dims=1), _SMALLEST_PROBABILITY
            )
            weighted = query * weight[:, tf.newaxis]
            rise = tf.matmul(probability, candidates) - tf.gather(candidates, place)
            by_query = by_query.write(index, rise * weight[:, tf.newaxis])
            pushed = tf.matmul(probability, weighted[:, :dim], transpose_a=True)
            by_item += tf.tensor_scatter_nd_sub(pushed, place[:, tf.newaxis], weighted[:, :dim])
            return (
                index + 1,
                loss - tf.reduce_sum(weight * tf.math.log(of_target)),
                by_query,
                by_item,
            )

        by_query = tf.TensorArray(
            tf.float32, num_groups, infer_shape=False, element_shape=[None, queries.shape[1]]
        )
        _, loss, by_query, by_item = tf.while_loop(
            lambda index, *_: index < num_groups,
            group,
            [0, 0.0, by_query, tf.zeros([num_items, dim])],
            parallel_iterations=1,
        )
        # An array of nothing has no concatenation.
        gradients = tf.cond(num_groups > 0, by_query.concat, lambda: queries), by_item
        return loss, lambda upstream: tuple(upstream * gradient for gradient in gradients)

    return loss_of(targets.queries, embeddings)
