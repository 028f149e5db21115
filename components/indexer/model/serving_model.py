"""The served model: towers, item table and retrieval behind the signatures of the contract."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from components.indexer.model.inputs import Tensors, fill_missing, parse_requests
from components.indexer.model.towers import Towers
from components.indexer.search.item_table import ItemTable
from components.indexer.search.retrieval import Retrieval
from schemas import serving
from schemas.features import ITEM_ID, FeatureTable


@dataclass(frozen=True)
class ServingOptions:
    """The options of the served model.

    Attributes:
      table: The features, which determine the inputs.
      k: Default number of items per request.
      max_k: Maximum number of items per request.
      max_history: Maximum number of past events in a query.
      exclude_history: Whether items of the history are never returned.
    """

    table: FeatureTable
    k: int
    max_k: int
    max_history: int
    exclude_history: bool


class ServingModel(tf.Module):
    """Implements every signature of `schemas.serving`.

    The names of attributes and methods are part of the exported graph.
    """

    def __init__(
        self, towers: Towers, items: ItemTable, retrieval: Retrieval, options: ServingOptions
    ):
        """Combines the parts of the model, whose tables and variables are saved with it."""
        super().__init__(name="serving_model")
        self.towers = towers
        self.items = items
        self.retrieval = retrieval
        self._options = options
        self._query_specs = serving.query_specs(options.table)
        self._recommend_specs = serving.recommend_specs(options.table)

    def signatures(self) -> dict[str, Any]:
        """Returns the concrete function of each signature, for `tf.saved_model.save`."""
        table = self._options.table
        signatures = {
            serving.DEFAULT: (self._default, serving.default_specs()),
            serving.RECOMMEND: (self._recommend, self._recommend_specs),
            serving.RECOMMEND_EXAMPLES: (self._recommend_examples, serving.examples_specs()),
            serving.SIMILAR_ITEMS: (self._similar_items, serving.similar_specs()),
            serving.QUERY_EMBEDDING: (self._query_embedding, self._query_specs),
            serving.CANDIDATE_EMBEDDING: (
                self._candidate_embedding,
                serving.candidate_specs(table),
            ),
        }
        return {
            name: tf.function(function, autograph=False).get_concrete_function(**specs)
            for name, (function, specs) in signatures.items()
        }

    def _default(self, **inputs: tf.Tensor) -> Tensors:
        k = tf.fill(tf.shape(inputs[serving.HISTORY_ITEM_ID])[:1], self._options.k)
        query = fill_missing(inputs, self._query_specs)
        exclude = self._excluded(query[serving.HISTORY_ITEM_ID])
        fetch = self._options.k + tf.shape(exclude)[1]
        width = tf.constant(self._options.k)
        answer = self.retrieval(self.towers.query(query), exclude, k, width, fetch, {})
        return self._named(answer)

    def _recommend(self, **inputs: tf.Tensor) -> Tensors:
        exclude = self._excluded(inputs[serving.HISTORY_ITEM_ID], inputs[serving.EXCLUDE_ITEM_ID])
        return self._recommend_from(inputs, exclude, tf.shape(exclude)[1])

    def _recommend_examples(self, **inputs: tf.Tensor) -> Tensors:
        # The width of a parsed batch depends on its longest row. The number of items fetched must
        # not, or the answer to a row would depend on the other rows of its batch. Rows with longer
        # histories than the allowance are searched again exactly.
        allowance = self._options.max_history
        requests = parse_requests(inputs[serving.EXAMPLES], self._recommend_specs, allowance)
        exclude = self._excluded(
            requests[serving.HISTORY_ITEM_ID], requests[serving.EXCLUDE_ITEM_ID]
        )
        return self._recommend_from(requests, exclude, tf.constant(allowance))

    def _recommend_from(self, inputs: Tensors, exclude: tf.Tensor, allowance: tf.Tensor) -> Tensors:
        requested_k = inputs[serving.K]
        k = tf.where(requested_k < 0, self._options.k, requested_k)
        k = tf.minimum(k, self._options.max_k)
        filters = {
            feature.name: inputs[serving.FILTER_PREFIX + feature.name]
            for feature in self._options.table.item_filters
        }
        query = self.towers.query({name: inputs[name] for name in self._query_specs})
        width = tf.reduce_max(tf.concat([k, [0]], axis=0))
        fetch = self._options.max_k + allowance
        return self._named(self.retrieval(query, exclude, k, width, fetch, filters))

    def _similar_items(self, **inputs: tf.Tensor) -> Tensors:
        rows = self.items.rows(inputs[ITEM_ID])
        is_known = rows >= 0
        query = self.towers.item_query(self.retrieval.exact.vectors(tf.maximum(rows, 0)))
        k = tf.where(is_known, self._options.k, 0)
        exclude = rows[:, tf.newaxis]
        fetch = tf.constant(self._options.k + 1)
        width = tf.constant(self._options.k)
        return self._named(self.retrieval(query, exclude, k, width, fetch, {}))

    def _query_embedding(self, **inputs: tf.Tensor) -> Tensors:
        return {serving.OUTPUT_EMBEDDING: self.towers.query(inputs)}

    def _candidate_embedding(self, **inputs: tf.Tensor) -> Tensors:
        return {serving.OUTPUT_EMBEDDING: self.towers.candidate(inputs)}

    def _excluded(self, history: tf.Tensor, *others: tf.Tensor) -> tf.Tensor:
        """Returns the rows that must not be returned, [B, X] int32."""
        excluded = [*([history] if self._options.exclude_history else []), *others]
        none = tf.zeros_like(history[:, :0])
        return self.items.rows(tf.concat([none, *excluded], axis=1))

    def _named(self, answer: tuple[tf.Tensor, tf.Tensor]) -> Tensors:
        rows, scores = answer
        return {serving.OUTPUT_ITEM_ID: self.items.ids(rows), serving.OUTPUT_SCORE: scores}
