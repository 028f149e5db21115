"""What a request demands of the returned items, and what it prefers, besides its exclusions."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import tensorflow as tf

from components.indexer.search.filters import CategoryFilter
from components.indexer.search.numbers import ItemNumbers, is_given

# The lowest and the highest allowed value of each request, both [B].
Bounds = tuple[tf.Tensor, tf.Tensor]


@dataclass(frozen=True)
class Conditions:
    """The conditions of B requests; without entries, every item is eligible.

    Attributes:
      categories: The wanted values by feature, [B, F] string padded with "".
      bounds: The bounds by numeric feature; NaN (float32) or -1 (int64) for none.
      boosts: The weights by numeric feature, [B] float32; NaN for none.
      is_restricted: Whether only the items of `restrict_rows` are eligible, [B] bool; None if no
        request is restricted.
      restrict_rows: Rows of items, [B, R] int32; -1 for unknown ids and padding.
    """

    categories: Mapping[str, tf.Tensor] = field(default_factory=dict)
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    boosts: Mapping[str, tf.Tensor] = field(default_factory=dict)
    is_restricted: tf.Tensor | None = None
    restrict_rows: tf.Tensor | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no request can have a condition."""
        parts = (self.categories, self.bounds, self.boosts)
        return not any(parts) and self.is_restricted is None

    def exists(self, batch: tf.Tensor) -> tf.Tensor:
        """Returns whether each request has a condition, [B] bool.

        Args:
          batch: Scalar int32, the number of requests.
        """
        exists = tf.fill([batch], False)
        for values in self.categories.values():
            exists |= tf.reduce_any(values != "", axis=1)
        for least, most in self.bounds.values():
            exists |= is_given(least) | is_given(most)
        for weight in self.boosts.values():
            exists |= is_given(weight) & (weight != 0)
        if self.is_restricted is not None:
            exists |= self.is_restricted
        return exists


class ConditionSearch(tf.Module):
    """Evaluates the conditions of one request over all items.

    The names of attributes are part of the exported graph.
    """

    def __init__(
        self,
        num_items: int,
        categories: Mapping[str, CategoryFilter] | None = None,
        numbers: Mapping[str, ItemNumbers] | None = None,
    ):
        """Takes the category filters and the numbers of the items by feature."""
        super().__init__(name="conditions")
        self.num_items = num_items
        self.categories = dict(categories or {})
        self.numbers = dict(numbers or {})

    def eligible(self, conditions: Conditions, row: tf.Tensor) -> tf.Tensor:
        """Returns a mask of the items that fulfil all conditions of request `row`, [num_items]."""
        eligible = tf.fill([self.num_items], True)
        for name, values in conditions.categories.items():
            eligible &= self.categories[name].eligible(values[row])
        for name, (least, most) in conditions.bounds.items():
            eligible &= self.numbers[name].eligible(least[row], most[row])
        if conditions.is_restricted is None or conditions.restrict_rows is None:
            return eligible
        listed = self._listed(conditions.restrict_rows[row])
        return eligible & (~conditions.is_restricted[row] | listed)

    def boost(self, conditions: Conditions, row: tf.Tensor, items: tf.Tensor) -> tf.Tensor:
        """Returns what request `row` adds to the scores of item rows [n] int32, [n] float32."""
        total = tf.zeros(tf.shape(items), tf.float32)
        for name, weights in conditions.boosts.items():
            weight = tf.where(is_given(weights[row]), weights[row], 0.0)
            total += weight * self.numbers[name].standard_scores(items)
        return total

    def _listed(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns a mask of the items in a list of rows; -1 is ignored. [num_items] bool."""
        known = tf.boolean_mask(rows, rows >= 0)[:, tf.newaxis]
        listed = tf.ones(tf.shape(known)[:1], tf.bool)
        return tf.tensor_scatter_nd_update(tf.fill([self.num_items], False), known, listed)
