"""The model that serves: towers, item table and search behind the signatures of the contract."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from components.indexer.model.inputs import Tensors, parse_requests, with_missing
from components.indexer.model.towers import Towers
from components.indexer.search.item_table import ItemTable
from components.indexer.search.retrieval import Retrieval
from schemas import serving
from schemas.features import ITEM_ID, FeatureTable


@dataclass(frozen=True)
class ServingOptions:
    """What the settings decide about answers.

    Attributes:
      table: The features, which name the inputs.
      k: Items that a request gets which does not say how many.
      max_k: The most a request can ask for.
      max_history: Past events that a query sees at most.
      exclude_history: Whether items of the history never come back.
    """

    table: FeatureTable
    k: int
    max_k: int
    max_history: int
    exclude_history: bool


class ServingModel(tf.Module):
    """Answers every signature of `schemas.serving`."""

    def __init__(
        self, towers: Towers, items: ItemTable, retrieval: Retrieval, options: ServingOptions
    ):
        """Holds its parts; the tables and variables of all are saved with it."""
        super().__init__(name="serving_model")
        self.towers = towers
        self.items = items
        self.retrieval = retrieval
        self._options = options
        self._query_specs = serving.query_specs(options.table)
        self._recommend_specs = serving.recommend_specs(options.table)

    def signatures(self) -> dict[str, Any]:
        """The concrete functions to save, by signature."""
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
        query = with_missing(inputs, self._query_specs)
        exclude = self._excluded(query[serving.HISTORY_ITEM_ID])
        fetch = self._options.k + tf.shape(exclude)[1]
        width = tf.constant(self._options.k)
        answer = self.retrieval(self.towers.query(query), exclude, k, width, fetch, {})
        return self._named(answer)

    def _recommend(self, **inputs: tf.Tensor) -> Tensors:
        exclude = self._excluded(inputs[serving.HISTORY_ITEM_ID], inputs[serving.EXCLUDE_ITEM_ID])
        return self._recommend_from(inputs, exclude, tf.shape(exclude)[1])

    def _recommend_examples(self, **inputs: tf.Tensor) -> Tensors:
        # How wide a batch of examples is depends on its longest row; what is fetched may not, or
        # a row's answer would depend on its neighbours. Longer rows are searched again exactly.
        allowance = self._options.max_history
        requests = parse_requests(inputs[serving.EXAMPLES], self._recommend_specs, allowance)
        exclude = self._excluded(
            requests[serving.HISTORY_ITEM_ID], requests[serving.EXCLUDE_ITEM_ID]
        )
        return self._recommend_from(requests, exclude, tf.constant(allowance))

    def _recommend_from(self, inputs: Tensors, exclude: tf.Tensor, allowance: tf.Tensor) -> Tensors:
        asked = inputs[serving.K]
        k = tf.minimum(tf.where(asked < 0, self._options.k, asked), self._options.max_k)
        wanted = {
            feature.name: inputs[serving.FILTER_PREFIX + feature.name]
            for feature in self._options.table.item_filters
        }
        query = self.towers.query({name: inputs[name] for name in self._query_specs})
        width = tf.reduce_max(tf.concat([k, [0]], axis=0))
        fetch = self._options.max_k + allowance
        return self._named(self.retrieval(query, exclude, k, width, fetch, wanted))

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
        """[B, X] int32 rows that may not come back."""
        listed = [*([history] if self._options.exclude_history else []), *others]
        nothing = tf.zeros_like(history[:, :0])
        return self.items.rows(tf.concat([nothing, *listed], axis=1))

    def _named(self, answer: tuple[tf.Tensor, tf.Tensor]) -> Tensors:
        rows, scores = answer
        return {serving.OUTPUT_ITEM_ID: self.items.ids(rows), serving.OUTPUT_SCORE: scores}
