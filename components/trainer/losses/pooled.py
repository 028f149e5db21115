"""The losses over a pool of negatives: TFRS's retrieval task, a group of queries at a time."""

import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

from components.trainer.losses.margins import ContrastiveLoss, TripletLoss
from components.trainer.losses.negatives import NegativePool
from components.trainer.losses.targets import Candidates, Targets
from components.trainer.plan import TrainPlan
from components.trainer.time.items_in_time import ItemsInTime


class RetrievalTask(tfrs.tasks.Retrieval):
    """TFRS's task, for graphs built without AutoGraph.

    Its `call` takes the length of a symbolic tensor, which AutoGraph alone understands.
    """

    call = tf.autograph.to_graph(tfrs.tasks.Retrieval.call, recursive=False)


class PooledLoss(keras.layers.Layer):
    """Sums a loss over groups of queries that are each other's negatives, beside drawn ones.

    `sampled_softmax` corrects each score for how often its item is in the pool (logQ: Yi et al.,
    2019, "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations"); the
    margins of the other losses know no such correction. Groups keep the scores in the processor's
    cache.
    """

    def __init__(self, pool: NegativePool, plan: TrainPlan, in_time: ItemsInTime):
        """`in_time` says what items are at an instant."""
        super().__init__(name="pooled_loss")
        self.pool = pool
        self.in_time = in_time
        self.group_size = plan.in_batch_negatives
        self.is_softmax = plan.loss == "sampled_softmax"
        self.task = RetrievalTask(
            loss=_loss(plan),
            temperature=None if plan.temperature == 1.0 else plan.temperature,
            num_hard_negatives=plan.hard_negatives,
            remove_accidental_hits=True,
        )

    def call(self, targets: Targets, candidates: Candidates) -> tf.Tensor:
        """Scores every query against its target and the negatives of its group.

        Args:
          targets: Queries; a group's items are as of its first, and count if there at its last.
          candidates: The targets' items and those of `negatives`.

        Returns:
          Scalar float32: the weighted sum over the queries.
        """

        def group_loss(start: tf.Tensor) -> tf.Tensor:
            members = slice(start, start + self.group_size)
            places = tf.concat([targets.places[members], candidates.negatives], 0)
            rows = tf.gather(candidates.rows, places)
            embeddings = tf.gather(candidates.embeddings, places)
            time_s = targets.time_s[members]
            is_there = self.in_time.is_there(rows, time_s[-1])
            probability = None
            if self.is_softmax:
                num_in_batch = tf.size(targets.places[members])
                probability = self.pool.probability(
                    rows, num_in_batch, tf.size(candidates.negatives)
                )
            return self.task(
                targets.queries[members],
                self.in_time.with_features(embeddings, rows, time_s[0], targets.lag),
                sample_weight=targets.weights[members],
                candidate_sampling_probability=probability,
                candidate_ids=rows,
                compute_metrics=False,
                score_mask=None if is_there is None else is_there[tf.newaxis],
            )

        starts = tf.range(0, tf.size(targets.weights), self.group_size)
        losses = tf.map_fn(
            group_loss, starts, parallel_iterations=1, fn_output_signature=tf.float32
        )
        return tf.reduce_sum(losses)


def _loss(plan: TrainPlan) -> keras.losses.Loss:
    if plan.loss == "contrastive":
        return ContrastiveLoss(plan.margin)
    if plan.loss == "triplet":
        return TripletLoss(plan.margin)
    return keras.losses.CategoricalCrossentropy(
        from_logits=True, reduction=keras.losses.Reduction.SUM
    )
