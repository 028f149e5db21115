"""Losses over a pool of negatives: TFRS's retrieval task, computed in groups of queries."""

import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

from components.trainer.losses.base import RetrievalLoss, ScoredItems, StepItems, TargetQueries
from components.trainer.losses.negative_sampler import NegativeSampler
from components.trainer.losses.pool import (
    Pool,
    group_pool,
    in_batch_queries,
    user_items,
    user_numbers,
)
from components.trainer.seeds import Seed
from components.trainer.time.item_dynamics import ItemDynamics

_LARGEST_GROUP = 512
_SMALLEST_COUNT = 1e-30


class RetrievalTask(tfrs.tasks.Retrieval):
    """`tfrs.tasks.Retrieval` for graphs that are built without AutoGraph.

    Its `call` takes the length of a symbolic tensor, which requires AutoGraph.
    """

    call = tf.autograph.to_graph(tfrs.tasks.Retrieval.call, recursive=False)


class SampledNegativesLoss(RetrievalLoss):
    """Loss over a pool of negatives: targets of other users, and items from the catalogue.

    Queries are scored in groups, which keeps their scores in the processor's cache.

    **For a softmax** (`corrects_sampling_bias`), each score is reduced by the logarithm of how
    often its item is expected among the negatives of the query (logQ correction: Yi et al., 2019,
    "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations"). If the
    negatives are drawn independently of the query and of each other, the optimal scores are then
    those of the softmax over the catalogue, up to a constant per query, for any number of negatives
    (Ma and Collins, 2018, "Noise Contrastive Estimation and Negative Sampling for Conditional
    Models"). This holds for negatives from the catalogue. It requires that a negative may also be
    the target's own item. Therefore, such accidental hits are kept, and so are other items of the
    user that are drawn by chance. In-batch negatives are independent of a query of another user,
    but those of one user depend on each other: the fewer users a step has, the less exact is their
    correction.

    **Losses with a margin** have no correction. Their negatives are neither the target's own item
    nor another item in the user's windows of the step. The same holds for a softmax over hard
    negatives, whose correction is not exact.

    Example: two queries of different users have the targets 0 and 1, and both targets are
    negatives of the other query. All scores are 0. Item 0 is a target in 2 + 1 of 2 + 2 cases
    (counts are smoothed by 1), so it is expected 3/4 times among one negative, and item 1 is 1/4
    times. The softmax of score - log(count) is proportional to 1 / count: 1/4 for item 0 and 3/4
    for item 1. The loss is log(4) + log(4 / 3).

    >>> import numpy as np
    >>> sampler = NegativeSampler(np.array([2, 0]), 0, np.array([0, 1], np.int32))
    >>> loss = SampledNegativesLoss(
    ...     keras.losses.CategoricalCrossentropy(
    ...         from_logits=True, reduction=keras.losses.Reduction.SUM
    ...     ),
    ...     sampler,
    ...     ItemDynamics(),
    ...     in_batch_negatives=2,
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
        in_batch_negatives: int,
        temperature: float = 1.0,
        num_hard_negatives: int | None = None,
        corrects_sampling_bias: bool = False,
    ):
        """Prepares the retrieval task.

        Args:
          loss: From labels and scores, [num_queries, num_candidates], to the sum over the queries.
          sampler: Draws the negatives from the catalogue.
          dynamics: Time-dependent item features, and the times at which items appear.
          in_batch_negatives: The number of targets of a step that are negatives of the queries of
            other users; there are none if every item is drawn.
          temperature: Scores are divided by it.
          num_hard_negatives: Only this many negatives with the highest scores count; None is all.
          corrects_sampling_bias: Whether scores get the logQ correction.
        """
        super().__init__(name="sampled_negatives_loss")
        self.sampler = sampler
        self.dynamics = dynamics
        self.in_batch_negatives = 0 if sampler.takes_all else in_batch_negatives
        self.temperature = temperature
        self.corrects_sampling_bias = corrects_sampling_bias
        # The correction holds for random draws, whichever item they are. Without a correction, or
        # if only the highest scores count, items that the user likes would be the worst negatives.
        self.leaves_out_user_items = not corrects_sampling_bias or num_hard_negatives is not None
        self.task = RetrievalTask(
            loss=loss,
            temperature=None if temperature == 1.0 else temperature,
            num_hard_negatives=num_hard_negatives,
            # All items, each once, are a full softmax without a second column of the target.
            remove_accidental_hits=self.leaves_out_user_items or sampler.takes_all,
        )

    def step_items(self, event_rows: tf.Tensor, seed: Seed) -> StepItems:
        """Selects the items of the events, and items drawn from the catalogue."""
        drawn = self.sampler.draw(seed)
        # Each item is embedded once, however often it occurs in the batch.
        rows, index = tf.unique(tf.concat([tf.reshape(event_rows, [-1]), drawn], 0))
        num_events = tf.size(event_rows)
        return StepItems(
            rows=rows,
            event_indices=tf.reshape(index[:num_events], tf.shape(event_rows)),
            negative_indices=index[num_events:],
        )

    def call(self, targets: TargetQueries, items: ScoredItems) -> tf.Tensor:
        """Scores every query against its target and its negatives.

        Args:
          targets: The queries and their target items. Item features of a group of queries are as
            of its first query; an item is scored if it has appeared by the last query.
          items: The items of the events, and those of `negative_indices`.

        Returns:
          Scalar float32: the weighted sum of the losses of the queries.
        """
        num_queries = tf.size(targets.weights)
        size = self.dynamics.group_size(tf.constant(_LARGEST_GROUP), num_queries)
        in_batch = in_batch_queries(num_queries, self.in_batch_negatives)
        known = user_items(targets, items) if self.leaves_out_user_items else None

        def group_loss(start: tf.Tensor) -> tf.Tensor:
            group = slice(start, start + size)
            pool = group_pool(targets, items, group, in_batch)
            rows = tf.gather(items.rows, pool.indices)
            time_s = targets.time_s[group]
            is_scored = pool.is_negative
            if known is not None:
                of_users = tf.gather(known, user_numbers(targets)[group])
                is_scored &= ~tf.gather(of_users, pool.indices, axis=1)
            has_appeared = self.dynamics.has_appeared(rows, time_s[-1])
            if has_appeared is not None:
                is_scored &= has_appeared
            queries, candidates, probability = self._corrected(
                targets.queries[group],
                self.dynamics.with_features(
                    tf.gather(items.embeddings, pool.indices), rows, time_s[0], targets.lag
                ),
                rows,
                pool,
                tf.size(items.negative_indices),
            )
            return self.task(
                queries,
                candidates,
                sample_weight=targets.weights[group],
                candidate_sampling_probability=probability,
                candidate_ids=rows,
                compute_metrics=False,
                score_mask=is_scored | pool.is_target,
            )

        losses = tf.map_fn(
            group_loss,
            tf.range(0, num_queries, size),
            parallel_iterations=1,
            fn_output_signature=tf.float32,
        )
        return tf.reduce_sum(losses)

    def _corrected(
        self,
        queries: tf.Tensor,
        candidates: tf.Tensor,
        rows: tf.Tensor,
        pool: Pool,
        num_drawn: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor | None]:
        """Returns queries, candidates and probabilities with which the task corrects the scores.

        TFRS replaces probabilities below 1e-6 by 1e-6. Of a large catalogue, most are smaller.
        Therefore, the correction that all queries have in common is one more dimension of the
        candidates. Only the ratio of a query's expected counts to those of a query that has all
        in-batch negatives is left to TFRS.
        """
        if not self.corrects_sampling_bias:
            return queries, candidates, None
        num_in_batch = tf.size(rows) - tf.size(pool.num_in_batch) - num_drawn
        count = self.sampler.expected_count(rows, num_in_batch, num_drawn)
        # Without any negative, all counts are 0, and the loss is 0 with any correction.
        log_count = tf.math.log(tf.maximum(count, _SMALLEST_COUNT)) * self.temperature
        queries = tf.pad(queries, [[0, 0], [0, 1]], constant_values=1.0)
        candidates = tf.concat([candidates, -log_count[:, tf.newaxis]], 1)
        if not self.in_batch_negatives:
            return queries, candidates, None
        of_query = self.sampler.expected_count(rows, pool.num_in_batch, num_drawn)
        return queries, candidates, tf.math.divide_no_nan(of_query, count)
