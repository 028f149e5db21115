"""The pool of candidates of a group of queries: their targets, and the negatives of the step."""

from typing import NamedTuple

import tensorflow as tf

from components.trainer.losses.base import ScoredItems, TargetQueries


class Pool(NamedTuple):
    """The candidates of a group of queries, in the order of `tfrs.tasks.Retrieval`.

    The columns are the targets of the group, the in-batch negatives, and the negatives that were
    drawn from the catalogue. The target of query i is column i.

    Attributes:
      indices: [num_candidates] int32 indices into `ScoredItems`.
      is_target: [num_queries, num_candidates] bool: the column of the query's own target.
      is_negative: [num_queries, num_candidates] bool: the columns of its negatives.
      num_in_batch: [num_queries] int32: how many of its negatives are in-batch negatives.
    """

    indices: tf.Tensor
    is_target: tf.Tensor
    is_negative: tf.Tensor
    num_in_batch: tf.Tensor


def in_batch_queries(num_queries: tf.Tensor, largest: int) -> tf.Tensor:
    """Returns the int32 numbers of the queries whose targets are the in-batch negatives of a step.

    They are evenly spread over the step, whose queries may be in order of time. The targets of one
    group would be those of one period, which differ from the targets of the train split.

    >>> in_batch_queries(tf.constant(7), largest=3).numpy().tolist()
    [0, 2, 4]
    >>> in_batch_queries(tf.constant(2), largest=3).numpy().tolist()
    [0, 1]

    Args:
      num_queries: Scalar int32: the number of queries of the step.
      largest: The largest number of in-batch negatives.
    """
    size = tf.minimum(num_queries, largest)
    return tf.range(size) * num_queries // tf.maximum(size, 1)


def group_pool(
    targets: TargetQueries, items: ScoredItems, group: slice, in_batch: tf.Tensor
) -> Pool:
    """Returns the pool of a group of queries.

    A target of the same user is no in-batch negative of a query. Such targets are next to each
    other in the log, and so in a batch: as negatives, they would occur much more often than by
    their frequency, and the model would learn that a user's next items are unlikely.

    Args:
      targets: The queries of the step.
      items: The candidates of the step.
      group: The queries of the group.
      in_batch: [num_in_batch] int32: the queries whose targets are in-batch negatives.
    """
    own, drawn = targets.item_indices[group], items.negative_indices
    others = tf.gather(targets.item_indices, in_batch)
    num_queries, num_in_batch, num_drawn = tf.size(own), tf.size(others), tf.size(drawn)
    is_other_user = user_numbers(targets)[group][:, tf.newaxis] != tf.gather(
        user_numbers(targets), in_batch
    )
    is_target = tf.eye(num_queries, num_queries + num_in_batch + num_drawn, dtype=tf.bool)
    no_own_negatives = tf.zeros([num_queries, num_queries], tf.bool)
    all_drawn = tf.ones([num_queries, num_drawn], tf.bool)
    return Pool(
        indices=tf.concat([own, others, drawn], 0),
        is_target=is_target,
        is_negative=tf.concat([no_own_negatives, is_other_user, all_drawn], 1),
        num_in_batch=tf.math.count_nonzero(is_other_user, 1, dtype=tf.int32),
    )


def user_items(targets: TargetQueries, items: ScoredItems) -> tf.Tensor | None:
    """Returns [num_users, num_items] bool: the items that each user of the step interacted with.

    Args:
      targets: The queries of the step.
      items: The candidates of the step, with the pairs of users and items.

    Returns:
      None if the pairs are not known.
    """
    if items.user_items is None:
        return None
    users = tf.concat([user_numbers(targets), items.user_items[:, 0]], 0)
    num_users = tf.reduce_max(users, keepdims=True) + 1
    none = tf.fill(tf.concat([num_users, [tf.size(items.rows)]], 0), False)
    is_pair = tf.ones([tf.shape(items.user_items)[0]], tf.bool)
    return tf.tensor_scatter_nd_update(none, items.user_items, is_pair)


def user_numbers(targets: TargetQueries) -> tf.Tensor:
    """Returns [num_queries] int32 numbers of users."""
    if targets.users is None:
        return tf.range(tf.size(targets.weights))
    return targets.users
