"""Retrieval with full rows; excluded or filtered items are never returned."""

from collections.abc import Callable, Mapping

import tensorflow as tf

from components.indexer.search.conditions import Conditions, ConditionSearch
from components.indexer.search.eligible_top_k import (
    NO_ROW,
    eligible_scores,
    num_eligible,
    padded_top_k,
)
from components.indexer.search.exact import ExactSearch
from components.indexer.search.unavailable_items import UnavailableItems
from schemas import serving
from schemas.serving import PADDING_SCORE

# Item rows and scores, both [B, num_items].
RowsAndScores = tuple[tf.Tensor, tf.Tensor]
# Takes queries [B, dim] and the number of neighbours. Padding has the lowest score or NaN, and the
# row of any item, because ids are looked up for all rows.
Search = Callable[[tf.Tensor, tf.Tensor], RowsAndScores]


class Retrieval(tf.Module):
    """Over-fetches, removes ineligible items, and falls back to exact search where needed.

    Excluded and unavailable items are never returned. Queries with conditions are searched exactly
    among the items that fulfil them. Queries for which the fast search finds fewer eligible items
    than requested, although more may exist, are searched again exactly.

    The names of attributes are part of the exported graph.
    """

    def __init__(
        self,
        search: Search,
        exact: ExactSearch,
        conditions: ConditionSearch,
        unavailable: UnavailableItems,
        others: Mapping[str, Search] | None = None,
    ):
        """Combines the parts of the retrieval, which must cover the same items.

        Args:
          search: The first search; may be `exact` itself.
          exact: Exact search.
          conditions: Evaluates filters, boosts and lists of eligible items.
          unavailable: The items that are currently unavailable.
          others: The first searches of the signatures for which `search` was not tuned.
        """
        super().__init__(name="retrieval")
        self.availability = unavailable
        self.search = search
        self.others = dict(others or {})
        self.exact = exact
        self.conditions = conditions
        self.num_items = exact.num_items

    def __call__(
        self,
        queries: tf.Tensor,
        exclude_rows: tf.Tensor,
        k: tf.Tensor,
        width: tf.Tensor,
        fetch: tf.Tensor,
        conditions: Conditions,
        signature: str = serving.RECOMMEND,
    ) -> RowsAndScores:
        """Retrieves the best eligible items of each query.

        Args:
          queries: [B, dim] float32.
          exclude_rows: [B, X] int32, padded with -1.
          k: [B] int32, the number of items per query.
          width: Scalar int32, the number of columns of the result, at least the maximum of `k`.
          fetch: Scalar int32, the number of items that the first search fetches.
          conditions: The conditions of the queries.
          signature: The signature that sends the queries, which selects the first search.

        Returns:
          Rows [B, width] int32 and scores [B, width] float32, best first, padded with -1 and the
          lowest float.
        """
        fetch = tf.minimum(fetch, self.num_items)
        num_listed = self.availability.num_listed()
        found = self.others.get(signature, self.search)(queries, fetch)
        ranking = self._best(found, exclude_rows, k, width, num_listed)
        # TensorFlow cannot scatter rows into a result without columns.
        conditional = conditions.exists(tf.shape(queries)[0]) & (k > 0)
        num_returned = tf.reduce_sum(tf.cast(ranking[0] != NO_ROW, tf.int32), axis=1)
        short = (num_returned < tf.minimum(k, self.num_items)) & ~conditional

        def filled() -> RowsAndScores:
            more_exist = num_returned < num_eligible(self.num_items, exclude_rows)
            return self._replace(
                ranking,
                short & more_exist,
                lambda index: self._search_exactly(
                    queries, exclude_rows, k, width, num_listed, index
                ),
            )

        full = tf.cond(tf.reduce_any(short), filled, lambda: ranking)
        if conditions.is_empty:
            return full
        return self._replace(
            full,
            conditional,
            lambda index: self._search_conditionally(
                queries, exclude_rows, k, width, conditions, num_listed, index
            ),
        )

    def _best(
        self,
        found: RowsAndScores,
        exclude_rows: tf.Tensor,
        k: tf.Tensor,
        width: tf.Tensor,
        num_listed: tf.Tensor,
    ) -> RowsAndScores:
        """Returns the best k of the found items that are eligible."""
        rows, scores = found[0], eligible_scores(*found, exclude_rows)
        available = tf.cond(
            num_listed > 0,
            lambda: tf.where(self.availability.is_listed(rows), PADDING_SCORE, scores),
            lambda: scores,
        )
        return padded_top_k(rows, available, k, width)

    def _replace(
        self,
        ranking: RowsAndScores,
        needed: tf.Tensor,
        search: Callable[[tf.Tensor], RowsAndScores],
    ) -> RowsAndScores:
        """Replaces the rows where `needed` ([B] bool) by the results of `search(index)`."""

        def replaced() -> RowsAndScores:
            index = tf.where(needed)
            rows, scores = search(index[:, 0])
            return (
                tf.tensor_scatter_nd_update(ranking[0], index, rows),
                tf.tensor_scatter_nd_update(ranking[1], index, scores),
            )

        return tf.cond(tf.reduce_any(needed), replaced, lambda: ranking)

    def _search_exactly(
        self,
        queries: tf.Tensor,
        exclude_rows: tf.Tensor,
        k: tf.Tensor,
        width: tf.Tensor,
        num_listed: tf.Tensor,
        index: tf.Tensor,
    ) -> RowsAndScores:
        excluded = tf.gather(exclude_rows, index)
        fetch = tf.minimum(width + tf.shape(excluded)[1] + num_listed, self.num_items)
        found = self.exact(tf.gather(queries, index), fetch)
        return self._best(found, excluded, tf.gather(k, index), width, num_listed)

    def _search_conditionally(
        self,
        queries: tf.Tensor,
        exclude_rows: tf.Tensor,
        k: tf.Tensor,
        width: tf.Tensor,
        conditions: Conditions,
        num_listed: tf.Tensor,
        index: tf.Tensor,
    ) -> RowsAndScores:
        def search_one(row: tf.Tensor) -> RowsAndScores:
            eligible = self.conditions.eligible(conditions, row)
            members = tf.cast(tf.where(eligible)[:, 0], tf.int32)
            scores = tf.linalg.matvec(self.exact.vectors(members), queries[row])
            scores += self.conditions.boost(conditions, row, members)
            found = members[tf.newaxis], scores[tf.newaxis]
            excluded = exclude_rows[row][tf.newaxis]
            rows, best = self._best(found, excluded, k[row][tf.newaxis], width, num_listed)
            return rows[0], best[0]

        # Each request copies the vectors of its eligible items, which may be all.
        return tf.map_fn(
            search_one,
            index,
            fn_output_signature=(tf.int32, tf.float32),
            parallel_iterations=1,
        )
