"""The interface of a training loss, and the tensors that pass through it."""

from typing import NamedTuple

import tensorflow as tf
import tf_keras as keras

from components.trainer.seeds import Seed


class StepItems(NamedTuple):
    """The items that one step embeds.

    Attributes:
      rows: [num_step_items] int32 rows of the candidate table.
      event_indices: [batch, length] int32: index into `rows` of the item of each event.
      negative_indices: [num_negatives] int32: indices into `rows` of the negatives that were drawn
        from the catalogue.
      num_candidates: Only the first `num_candidates` items are scored, the others occur in
        histories alone; None scores all.
    """

    rows: tf.Tensor
    event_indices: tf.Tensor
    negative_indices: tf.Tensor
    num_candidates: int | None = None


class TargetQueries(NamedTuple):
    """The queries of a step, each with the item that it has to retrieve.

    Attributes:
      queries: [num_queries, width] float32 query embeddings.
      weights: [num_queries] float32, greater than 0.
      item_indices: [num_queries] int32: indices of the target items into `ScoredItems`.
      time_s: [num_queries] int64 seconds since the epoch, UTC; ascending where item features or
        the set of available items depend on time.
      lag: Scalar int32, in periods of `RecentPopularity`: how much older than the queries the
        item features are.
      users: [num_queries] int32 numbers of the users of the queries, from 0; None if no two
        queries are of one user.
    """

    queries: tf.Tensor
    weights: tf.Tensor
    item_indices: tf.Tensor
    time_s: tf.Tensor
    lag: tf.Tensor
    users: tf.Tensor | None = None


class ScoredItems(NamedTuple):
    """The candidates of a step.

    Attributes:
      rows: [num_candidates] int32 rows of the candidate table.
      embeddings: [num_candidates, dim] float32, without time-dependent features.
      negative_indices: [num_negatives] int32: indices into `rows` of the negatives that were drawn
        from the catalogue.
      user_items: [num_pairs, 2] int32: the number of a user (as in `TargetQueries.users`) and the
        index of an item that the user interacted with; None if unknown.
    """

    rows: tf.Tensor
    embeddings: tf.Tensor
    negative_indices: tf.Tensor
    user_items: tf.Tensor | None = None


class RetrievalLoss(keras.layers.Layer):
    """Base class of the losses.

    A loss selects the items of a step, and scores the queries of the step against them. To add a
    loss, write a subclass in a module of this package, and enter it in
    `components/trainer/losses/build.py`.
    """

    def step_items(self, event_rows: tf.Tensor, seed: Seed) -> StepItems:
        """Selects the items of a step.

        Args:
          event_rows: [batch, length] int32 rows of the candidate table: the items of the events.
          seed: The seed by which negatives are drawn; None outside training.
        """
        raise NotImplementedError

    def call(self, targets: TargetQueries, items: ScoredItems) -> tf.Tensor:
        """Computes the loss of a step.

        Args:
          targets: The queries and their target items.
          items: The candidates of the step.

        Returns:
          Scalar float32: the weighted sum of the losses of the queries.
        """
        raise NotImplementedError
