"""The loss term of explicit negative feedback: targets rank above items that the user disliked.

For each target, each item of the user's earlier negative feedback is a negative. The term is the
mean of log(1 + exp(s(negative) - s(target))) over these negatives, with scores divided by the
temperature: the pairwise logistic loss of Rendle et al., 2009, "BPR: Bayesian Personalized Ranking
from Implicit Feedback", with observed negatives in place of sampled ones. It is added to each of
the losses.

The alternative of Wang et al., 2023, "Learning from Negative User Feedback and Measuring
Responsiveness for Sequential Recommenders", -log(1 - p(negative)), needs a softmax. Over a large
catalogue its gradient is in proportion to a very small p(negative), which the cross-entropy already
lowers.

Time-dependent features of the items are not part of these scores: that a user dislikes a popular
item is no reason to recommend unpopular items.
"""

import tensorflow as tf

from components.trainer.losses.base import ScoredItems, TargetQueries

# Older negative feedback of a history has no effect on the loss, which bounds its memory.
MAX_NEGATIVES = 32


def negative_feedback_loss(
    targets: TargetQueries,
    items: ScoredItems,
    negative_indices: tf.Tensor,
    temperature: float = 1.0,
) -> tf.Tensor:
    """Computes the term for the queries of a step.

    Example: the target has the score 1 and the only negative the score 1, so that the term is
    log(2). The second query has no negative.

    >>> targets = TargetQueries(
    ...     queries=tf.constant([[1.0], [1.0]]),
    ...     weights=tf.ones([2]),
    ...     item_indices=tf.constant([0, 2]),
    ...     time_s=tf.zeros([2], tf.int64),
    ...     lag=tf.constant(0),
    ... )
    >>> items = ScoredItems(
    ...     rows=tf.range(3),
    ...     embeddings=tf.constant([[1.0], [1.0], [5.0]]),
    ...     negative_indices=tf.zeros([0], tf.int32),
    ... )
    >>> loss = negative_feedback_loss(targets, items, tf.constant([[-1, 1], [-1, -1]]))
    >>> round(float(loss), 3)
    0.693

    Args:
      targets: The queries and their target items.
      items: The candidates of the step, which contain all targets and negatives.
      negative_indices: [num_queries, length] int32 indices into `items` of the items of the
        negative feedback before each query, in order of time; -1 for no item. The newest
        MAX_NEGATIVES of a query are used.
      temperature: Scores are divided by it.

    Returns:
      Scalar float32: the weighted sum over the queries.
    """
    is_negative = negative_indices >= 0
    num_newer = tf.cumsum(tf.cast(is_negative, tf.int32), axis=1, exclusive=True, reverse=True)
    pairs = tf.where(is_negative & (num_newer < MAX_NEGATIVES))
    query = pairs[:, 0]
    target = tf.gather(items.embeddings, tf.gather(targets.item_indices, query))
    negative = tf.gather(items.embeddings, tf.gather_nd(negative_indices, pairs))
    queries = tf.gather(targets.queries, query)[:, : tf.shape(target)[1]]
    losses = tf.nn.softplus(tf.reduce_sum(queries * (negative - target), 1) / temperature)
    num_queries = tf.size(targets.weights)
    sums = tf.math.unsorted_segment_sum(losses, query, num_queries)
    counts = tf.math.unsorted_segment_sum(tf.ones_like(losses), query, num_queries)
    return tf.reduce_sum(targets.weights * tf.math.divide_no_nan(sums, counts))
