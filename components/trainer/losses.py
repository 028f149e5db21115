"""The loss of many queries at once, over TFRS's retrieval task."""

import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

from components.trainer.negatives import NegativePool
from schemas.model_settings import TrainSettings


class RetrievalTask(tfrs.tasks.Retrieval):
    """TFRS's task, for graphs built without AutoGraph.

    Its `call` takes the length of a symbolic tensor, which AutoGraph alone understands.
    """

    call = tf.autograph.to_graph(tfrs.tasks.Retrieval.call, recursive=False)


class GroupedRetrievalLoss(keras.layers.Layer):
    """Sums the softmax loss over groups of queries that are each other's negatives.

    Groups keep the logits, a square of the group, in the processor's cache.
    """

    def __init__(self, pool: NegativePool, train: TrainSettings, metric: tfrs.metrics.Factorized):
        """`metric` is fed outside training alone."""
        super().__init__(name="grouped_retrieval_loss")
        self.pool = pool
        self.group_size = train.in_batch_negatives
        self.task = RetrievalTask(
            loss=keras.losses.CategoricalCrossentropy(
                from_logits=True, reduction=keras.losses.Reduction.SUM
            ),
            metrics=[metric],
            temperature=None if train.temperature == 1.0 else train.temperature,
            remove_accidental_hits=True,
        )

    def call(
        self,
        queries: tf.Tensor,
        weights: tf.Tensor,
        positives: tf.Tensor,
        negatives: tf.Tensor,
        embeddings: tf.Tensor,
        rows: tf.Tensor,
        training: bool = False,
    ) -> tf.Tensor:
        """Scores every query against its target and the negatives of its group.

        Args:
          queries: [num_queries, dim] float32.
          weights: [num_queries] float32.
          positives: [num_queries] int32 places of the targets in `embeddings`.
          negatives: [num_uniform] int32 places of the uniform negatives; none outside training.
          embeddings: [num_unique, dim] float32 candidate embeddings.
          rows: [num_unique] int32 rows of the candidate table.
          training: Whether the metric is left alone.

        Returns:
          Scalar float32: the weighted sum.
        """

        def group_loss(start: tf.Tensor) -> tf.Tensor:
            group = slice(start, start + self.group_size)
            members = tf.concat([positives[group], negatives], 0)
            ids = tf.gather(rows, members)
            return self.task(
                queries[group],
                tf.gather(embeddings, members),
                sample_weight=weights[group],
                candidate_sampling_probability=self.pool.probability(
                    ids, tf.size(positives[group]), tf.size(negatives)
                ),
                candidate_ids=ids,
                compute_metrics=not training,
            )

        starts = tf.range(0, tf.size(weights), self.group_size)
        losses = tf.map_fn(
            group_loss, starts, parallel_iterations=1, fn_output_signature=tf.float32
        )
        return tf.reduce_sum(losses)
