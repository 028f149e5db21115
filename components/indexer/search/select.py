"""From what a search found to what a row answers: exclusions, order, width and padding.

Rows of the item table are int32; -1 stands for no item, in exclusions as in answers.
"""

import tensorflow as tf

from schemas.serving import PADDING_SCORE

NO_ROW = -1


def eligible_scores(rows: tf.Tensor, scores: tf.Tensor, exclude_rows: tf.Tensor) -> tf.Tensor:
    """Marks what must not leave the model.

    Args:
      rows: [B, found] int32, as a search gave them.
      scores: [B, found] float32; NaN marks a filler.
      exclude_rows: [B, X] int32, in any order, -1 for none.

    Returns:
      [B, found] float32: the lowest float at fillers and excluded items, else `scores`.
    """
    # A comparison with NaN is false.
    eligible = (scores > PADDING_SCORE) & _lacks(exclude_rows, rows)
    return tf.where(eligible, scores, PADDING_SCORE)


def take_best(
    rows: tf.Tensor, scores: tf.Tensor, k: tf.Tensor, width: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The best k of each row, padded to one width.

    Args:
      rows: [B, found] int32.
      scores: [B, found] float32, the lowest float where a row is not eligible.
      k: [B] int32, how many each row answers.
      width: Scalar int32, at least every k.

    Returns:
      Rows [B, width] int32 and scores [B, width] float32, best first, ties in the order given.
    """
    padding = [[0, 0], [0, tf.maximum(width - tf.shape(rows)[1], 0)]]
    best = tf.math.top_k(tf.pad(scores, padding, constant_values=PADDING_SCORE), width)
    best_rows = tf.gather(tf.pad(rows, padding), best.indices, batch_dims=1)
    answered = (tf.range(width) < k[:, tf.newaxis]) & (best.values > PADDING_SCORE)
    return (
        tf.where(answered, best_rows, NO_ROW),
        tf.where(answered, best.values, PADDING_SCORE),
    )


def num_eligible(num_items: int, exclude_rows: tf.Tensor) -> tf.Tensor:
    """[B] int32: how many items are left after exclusions [B, X], repeated ones counted once."""
    ordered = tf.sort(exclude_rows, axis=1)
    before = tf.pad(ordered[:, :-1], [[0, 0], [1, 0]], constant_values=NO_ROW)
    before = before[:, : tf.shape(ordered)[1]]
    is_new = (ordered != before) & (ordered != NO_ROW)
    return num_items - tf.reduce_sum(tf.cast(is_new, tf.int32), axis=1)


def _lacks(sets: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """[B, V] bool: whether `values` [B, V] do not stand in `sets` [B, S], row by row."""
    # A sentinel above every row keeps the position found by the search inside the set.
    sets = tf.pad(sets, [[0, 0], [0, 1]], constant_values=tf.int32.max)
    # Ascending, as `tf.sort` gives it, in a third of its operations: a request waits for each.
    ordered = -tf.math.top_k(-sets, tf.shape(sets)[1]).values
    # `tf.searchsorted` reshapes, which fails where B or V is 0.
    position = tf.raw_ops.LowerBound(sorted_inputs=ordered, values=values)
    return tf.gather(ordered, position, batch_dims=1) != values
