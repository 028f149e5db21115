"""Losses over sampled negatives: TFRS's retrieval task, computed in groups of queries."""

import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

from components.trainer.losses.base import RetrievalLoss, ScoredItems, StepItems, TargetQueries
from components.trainer.losses.negative_sampler import NegativeSampler
from components.trainer.time.item_dynamics import ItemDynamics


class RetrievalTask(tfrs.tasks.Retrieval):
    """`tfrs.tasks.Retrieval` for graphs that are built without AutoGraph.

    Its `call` takes the length of a symbolic tensor, which requires AutoGraph.
    """

    call = tf.autograph.to_graph(tfrs.tasks.Retrieval.call, recursive=False)


class SampledNegativesLoss(RetrievalLoss):
    """Loss over the in-batch negatives of a group of queries and negatives from the catalogue.

    Groups are small enough to keep their scores in the processor's cache. For a softmax, each
    score is corrected by the logarithm of the probability that its item is among the candidates
    (logQ correction: Yi et al., 2019, "Sampling-Bias-Corrected Neural Modeling for Large Corpus
    Item Recommendations"). Losses with a margin have no such correction.

    Example: two queries have the targets 0 and 1, and each target is the other query's negative.
    All scores are 0. Item 0 is a target in 2 + 1 of 2 + 2 cases (counts are smoothed by 1), so its
    probability q is 3/4 and that of item 1 is 1/4. The softmax of score - log q is proportional to
    1 / q: 1/4 for item 0 and 3/4 for item 1. The loss is log(4) + log(4 / 3).

    >>> import numpy as np
    >>> sampler = NegativeSampler(np.array([2, 0]), 0, np.array([0, 1], np.int32))
    >>> loss = SampledNegativesLoss(
    ...     keras.losses.CategoricalCrossentropy(
    ...         from_logits=True, reduction=keras.losses.Reduction.SUM
    ...     ),
    ...     sampler,
    ...     ItemDynamics(),
    ...     group_size=2,
    ...     corrects_sampling_bias=True,
    ... )
    >>> targets = TargetQueries(
    ...     queries=tf.zeros([2, 1]),
    ...     weights=tf.ones([2]),
    ...     item_indices=tf.constant([0, 1]),
    ...     time_s=tf.zeros([2], tf.int64),
    ...     lag=tf.constant(0),
    ... )
    >>> items = ScoredItems(
    ...     rows=tf.range(2),
    ...     embeddings=tf.ones([2, 1]),
    ...     negative_indices=tf.zeros([0], tf.int32),
    ... )
    >>> round(float(loss(targets, items)), 3)
    1.674
    """

    def __init__(
        self,
        loss: keras.losses.Loss,
        sampler: NegativeSampler,
        dynamics: ItemDynamics,
        group_size: int,
        temperature: float = 1.0,
        num_hard_negatives: int | None = None,
        corrects_sampling_bias: bool = False,
    ):
        """Prepares the retrieval task.

        Args:
          loss: From labels and scores, [num_queries, num_candidates], to the sum over the queries.
          sampler: Draws the negatives from the catalogue.
          dynamics: Time-dependent item features, and the times at which items appear.
          group_size: The number of queries whose targets are each other's negatives.
          temperature: Scores are divided by it.
          num_hard_negatives: Only this many negatives with the highest scores count; None is all.
          corrects_sampling_bias: Whether scores get the logQ correction.
        """
        super().__init__(name="sampled_negatives_loss")
        self.sampler = sampler
        self.dynamics = dynamics
        self.group_size = group_size
        self.corrects_sampling_bias = corrects_sampling_bias
        self.task = RetrievalTask(
            loss=loss,
            temperature=None if temperature == 1.0 else temperature,
            num_hard_negatives=num_hard_negatives,
            remove_accidental_hits=True,
        )

    def step_items(self, event_rows: tf.Tensor, training: bool) -> StepItems:
        """Selects the items of the events, and in training items drawn from the catalogue."""
        drawn = self.sampler.draw() if training else tf.zeros([0], tf.int32)
        # Each item is embedded once, however often it occurs in the batch.
        rows, index = tf.unique(tf.concat([tf.reshape(event_rows, [-1]), drawn], 0))
        num_events = tf.size(event_rows)
        return StepItems(
            rows=rows,
            event_indices=tf.reshape(index[:num_events], tf.shape(event_rows)),
            negative_indices=index[num_events:],
        )

    def call(self, targets: TargetQueries, items: ScoredItems) -> tf.Tensor:
        """Scores every query against its target and the negatives of its group.

        Args:
          targets: The queries and their target items. Item features of a group of queries are as
            of its first query; an item is scored if it has appeared by the last query.
          items: The items of the events, and those of `negative_indices`.

        Returns:
          Scalar float32: the weighted sum of the losses of the queries.
        """

        def group_loss(start: tf.Tensor) -> tf.Tensor:
            group = slice(start, start + self.group_size)
            indices = tf.concat([targets.item_indices[group], items.negative_indices], 0)
            rows = tf.gather(items.rows, indices)
            embeddings = tf.gather(items.embeddings, indices)
            time_s = targets.time_s[group]
            has_appeared = self.dynamics.has_appeared(rows, time_s[-1])
            probability = None
            if self.corrects_sampling_bias:
                num_in_batch = tf.size(targets.item_indices[group])
                probability = self.sampler.probability(
                    rows, num_in_batch, tf.size(items.negative_indices)
                )
            return self.task(
                targets.queries[group],
                self.dynamics.with_features(embeddings, rows, time_s[0], targets.lag),
                sample_weight=targets.weights[group],
                candidate_sampling_probability=probability,
                candidate_ids=rows,
                compute_metrics=False,
                score_mask=None if has_appeared is None else has_appeared[tf.newaxis],
            )

        starts = tf.range(0, tf.size(targets.weights), self.group_size)
        losses = tf.map_fn(
            group_loss, starts, parallel_iterations=1, fn_output_signature=tf.float32
        )
        return tf.reduce_sum(losses)
