"""Losses that separate a target's score from the scores of its negatives by a margin.

They replace the cross-entropy in `tfrs.tasks.Retrieval`: `y_true` marks the target of each row by
1, and `y_pred` holds the scores. TFRS gives an accidental hit a score far below all others.

Both losses average over the negatives that violate the margin, not over all negatives. Most
negatives soon satisfy the margin, and a mean over all would make the gradient of the others
vanish (Hermans et al., 2017, "In Defense of the Triplet Loss for Person Re-Identification",
section 2, on the mean of the non-zero terms).
"""

import tensorflow as tf
import tf_keras as keras


class ContrastiveLoss(keras.losses.Loss):
    """Pulls the target's score up to 1 and pushes the score of every negative below `margin`.

    The cosine contrastive loss of Mao et al., 2021, "SimpleX: A Simple and Strong Baseline for
    Collaborative Filtering": max(0, 1 - s(target)) + mean of (s - margin) over the negatives with
    s > margin. The paper instead multiplies the mean over all negatives by a factor of up to
    1,000, tuned on each data set.

    A cosine is at most 1, so that the paper needs no maximum. A score that also contains
    time-dependent numbers of the items can be above 1, and without the maximum, the loss would be
    lowest for the highest scores of popular items.

    Example: the target is 0.3 below 1; one of the negatives is above the margin, by 0.1.

    >>> target, scores = tf.constant([[1.0, 0.0, 0.0]]), tf.constant([[0.7, 0.6, 0.2]])
    >>> round(float(ContrastiveLoss(margin=0.5)(target, scores)), 3)
    0.4
    """

    def __init__(self, margin: float):
        """`margin` is in units of the score."""
        super().__init__(reduction=keras.losses.Reduction.SUM, name="contrastive")
        self.margin = margin

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Returns [num_queries] float32 from two tensors [num_queries, num_candidates]."""
        target = tf.reduce_sum(y_true * y_pred, -1)
        above = tf.nn.relu(y_pred - self.margin)
        return tf.nn.relu(1.0 - target) + _mean_violation(above, y_true)


class TripletLoss(keras.losses.Loss):
    """Keeps the target's score above the score of every negative by at least `margin`.

    The triplet loss of "FaceNet" (Schroff et al., 2015), max(0, margin - s(target) + s(negative)),
    averaged over the negatives that violate the margin.

    Example: the target must exceed each negative by 0.5. The violations are 0.5 - (0.7 - 0.6) =
    0.4 and 0.5 - (0.7 - 0.4) = 0.2; the last negative satisfies the margin.

    >>> target = tf.constant([[1.0, 0.0, 0.0, 0.0]])
    >>> scores = tf.constant([[0.7, 0.6, 0.4, 0.0]])
    >>> round(float(TripletLoss(margin=0.5)(target, scores)), 3)
    0.3
    """

    def __init__(self, margin: float):
        """`margin` is in units of the score."""
        super().__init__(reduction=keras.losses.Reduction.SUM, name="triplet")
        self.margin = margin

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Returns [num_queries] float32 from two tensors [num_queries, num_candidates]."""
        target = tf.reduce_sum(y_true * y_pred, -1, keepdims=True)
        violation = tf.nn.relu(self.margin - target + y_pred)
        return _mean_violation(violation, y_true)


def _mean_violation(violation: tf.Tensor, y_true: tf.Tensor) -> tf.Tensor:
    """Returns [num_queries] float32: the mean over the negatives with a violation above 0.

    An accidental hit has a score far below all others, and so has no violation.
    """
    of_negatives = violation * (1.0 - y_true)
    num_violating = tf.math.count_nonzero(of_negatives, -1, dtype=tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(of_negatives, -1), num_violating)
