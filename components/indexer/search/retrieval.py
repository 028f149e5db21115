"""The search that keeps its promise: full rows, nothing excluded, nothing filtered out."""

from collections.abc import Callable

import tensorflow as tf

from components.indexer.search import select
from components.indexer.search.exact import ExactSearch
from components.indexer.search.filters import CategoryFilter, has_filter
from components.indexer.search.unavailable import Availability
from schemas.serving import PADDING_SCORE

Search = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
Answer = tuple[tf.Tensor, tf.Tensor]


class Retrieval(tf.Module):
    """Fetches more than is asked, drops what may not leave, and searches exactly where needed.

    Excluded items and those that are not available at the moment never leave. Rows with a filter
    are searched exactly among the items that pass it. Rows in which a fast search leaves fewer
    eligible items than asked, although more may exist, are searched again exactly.
    """

    def __init__(
        self,
        search: Search,
        exact: ExactSearch,
        filters: dict[str, CategoryFilter],
        availability: Availability,
    ):
        """Args:
        search: Finds [B, found] rows and scores; may be `exact` itself.
        exact: Over the same items.
        filters: By feature name.
        availability: Of the same items.
        """
        super().__init__(name="retrieval")
        self.availability = availability
        self.search = search
        self.exact = exact
        self.filters = filters
        self.num_items = exact.num_items

    def __call__(
        self,
        queries: tf.Tensor,
        exclude_rows: tf.Tensor,
        k: tf.Tensor,
        width: tf.Tensor,
        fetch: tf.Tensor,
        wanted: dict[str, tf.Tensor],
    ) -> Answer:
        """Answers each query.

        Args:
          queries: [B, dim] float32.
          exclude_rows: [B, X] int32, -1 for none.
          k: [B] int32, how many each row asks for.
          width: Scalar int32, the columns of the answer, at least every k.
          fetch: Scalar int32, how many the first search asks for.
          wanted: By filter, [B, F] string; "" asks for nothing.

        Returns:
          Rows [B, width] int32 and scores [B, width] float32, best first; -1 and the lowest float
          where no item is left.
        """
        fetch = tf.minimum(fetch, self.num_items)
        num_listed = self.availability.num_listed()
        found = self.search(queries, fetch)
        answer = self._best(found, exclude_rows, k, width, num_listed)
        # TensorFlow rejects to put rows into an answer without columns.
        filtered = has_filter(wanted, tf.shape(queries)[0]) & (k > 0)
        answered = tf.reduce_sum(tf.cast(answer[0] != select.NO_ROW, tf.int32), axis=1)
        short = (answered < tf.minimum(k, self.num_items)) & ~filtered

        def filled() -> Answer:
            more_exist = answered < select.num_eligible(self.num_items, exclude_rows)
            return self._replace(
                answer,
                short & more_exist,
                lambda index: self._again(queries, exclude_rows, k, width, num_listed, index),
            )

        full = tf.cond(tf.reduce_any(short), filled, lambda: answer)
        if not wanted:
            return full
        return self._replace(
            full,
            filtered,
            lambda index: self._filtered(
                queries, exclude_rows, k, width, wanted, num_listed, index
            ),
        )

    def _best(
        self,
        found: Answer,
        exclude_rows: tf.Tensor,
        k: tf.Tensor,
        width: tf.Tensor,
        num_listed: tf.Tensor,
    ) -> Answer:
        """The best k of what was found that may be recommended."""
        rows, scores = found[0], select.eligible_scores(*found, exclude_rows)
        available = tf.cond(
            num_listed > 0,
            lambda: tf.where(self.availability.is_listed(rows), PADDING_SCORE, scores),
            lambda: scores,
        )
        return select.take_best(rows, available, k, width)

    def _replace(
        self, answer: Answer, needed: tf.Tensor, search: Callable[[tf.Tensor], Answer]
    ) -> Answer:
        """Puts `search(index)` in place of the rows where `needed` ([B] bool)."""

        def replaced() -> Answer:
            index = tf.where(needed)
            rows, scores = search(index[:, 0])
            return (
                tf.tensor_scatter_nd_update(answer[0], index, rows),
                tf.tensor_scatter_nd_update(answer[1], index, scores),
            )

        return tf.cond(tf.reduce_any(needed), replaced, lambda: answer)

    def _again(
        self,
        queries: tf.Tensor,
        exclude_rows: tf.Tensor,
        k: tf.Tensor,
        width: tf.Tensor,
        num_listed: tf.Tensor,
        index: tf.Tensor,
    ) -> Answer:
        excluded = tf.gather(exclude_rows, index)
        enough = tf.minimum(width + tf.shape(excluded)[1] + num_listed, self.num_items)
        found = self.exact(tf.gather(queries, index), enough)
        return self._best(found, excluded, tf.gather(k, index), width, num_listed)

    def _filtered(
        self,
        queries: tf.Tensor,
        exclude_rows: tf.Tensor,
        k: tf.Tensor,
        width: tf.Tensor,
        wanted: dict[str, tf.Tensor],
        num_listed: tf.Tensor,
        index: tf.Tensor,
    ) -> Answer:
        def one(row: tf.Tensor) -> Answer:
            eligible = tf.fill([self.num_items], True)
            for name, values in wanted.items():
                eligible &= self.filters[name].eligible(values[row])
            inside = tf.cast(tf.where(eligible)[:, 0], tf.int32)
            scores = tf.linalg.matvec(self.exact.vectors(inside), queries[row])
            found = inside[tf.newaxis], scores[tf.newaxis]
            excluded = exclude_rows[row][tf.newaxis]
            rows, best = self._best(found, excluded, k[row][tf.newaxis], width, num_listed)
            return rows[0], best[0]

        return tf.map_fn(one, index, fn_output_signature=(tf.int32, tf.float32))
