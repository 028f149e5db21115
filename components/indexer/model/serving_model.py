"""The served model: towers, item table and retrieval behind the signatures of the contract."""

from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from components.id_normalisation_graph import GraphIdNormaliser
from components.indexer.model.history_exclusion import history_exclusion
from components.indexer.model.inputs import Tensors, fill_missing, parse_requests
from components.indexer.model.request_conditions import is_restricted, request_conditions
from components.indexer.model.towers import Towers
from components.indexer.search.conditions import Conditions
from components.indexer.search.item_table import ItemTable
from components.indexer.search.retrieval import Retrieval
from components.signature_inputs import by_traced_name, trace_signature
from schemas import serving, serving_specs
from schemas.features import ITEM_ID, USER_ID, FeatureTable
from schemas.id_settings import IdsSettings
from schemas.target_settings import NegativeSettings

_QUERY_IDS = (
    USER_ID,
    serving.HISTORY_ITEM_ID,
    serving.EXCLUDE_ITEM_ID,
    serving.RESTRICT_ITEM_ID,
)


@dataclass(frozen=True)
class ServingOptions:
    """The options of the served model.

    Attributes:
      table: The features, which determine the inputs.
      k: Default number of items per request.
      max_k: Maximum number of items per request.
      max_history: Maximum number of past events in a query.
      exclude_history: Whether items of the history are never returned.
      ids: How the ids of requests are normalised.
      negative: Which events of the history are explicit negative feedback, whose items are never
        returned; None if none are.
    """

    table: FeatureTable
    k: int
    max_k: int
    max_history: int
    exclude_history: bool
    ids: IdsSettings = field(default_factory=IdsSettings)
    negative: NegativeSettings | None = None


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
        self.ids = GraphIdNormaliser(options.ids)
        self._options = options
        self._query_specs = serving_specs.query_specs(options.table)
        self._recommend_specs = serving_specs.recommend_specs(options.table)
        self._candidate_specs = serving_specs.candidate_specs(options.table)

    def signatures(self) -> dict[str, Any]:
        """Returns the concrete function of each signature, for `tf.saved_model.save`."""
        functions = {
            serving.DEFAULT: self._default,
            serving.RECOMMEND: self._recommend,
            serving.RECOMMEND_EXAMPLES: self._recommend_examples,
            serving.SIMILAR_ITEMS: self._similar_items,
            serving.QUERY_EMBEDDING: self._query_embedding,
            serving.CANDIDATE_EMBEDDING: self._candidate_embedding,
        }
        specs = self.specs()
        return {
            name: trace_signature(function, specs[name]) for name, function in functions.items()
        }

    def specs(self) -> dict[str, serving_specs.Specs]:
        """Returns the inputs of each signature."""
        return {
            serving.DEFAULT: serving_specs.default_specs(),
            serving.RECOMMEND: self._recommend_specs,
            serving.RECOMMEND_EXAMPLES: serving_specs.examples_specs(),
            serving.SIMILAR_ITEMS: serving_specs.similar_specs(),
            serving.QUERY_EMBEDDING: self._query_specs,
            serving.CANDIDATE_EMBEDDING: self._candidate_specs,
        }

    def _default(self, inputs: Tensors) -> Tensors:
        k = tf.fill(tf.shape(inputs[serving.HISTORY_ITEM_ID])[:1], self._options.k)
        query = fill_missing(self._with_ids(inputs), self._query_specs)
        exclude = self._excluded(query)
        fetch = self._options.k + tf.shape(exclude)[1]
        width = tf.constant(self._options.k)
        embedding = self._query(query)
        answer = self.retrieval(embedding, exclude, k, width, fetch, Conditions(), serving.DEFAULT)
        return self._named(answer)

    def _recommend(self, inputs: Tensors) -> Tensors:
        restricted = is_restricted(inputs)
        inputs = self._with_ids(inputs)
        exclude = self._excluded(inputs, inputs[serving.EXCLUDE_ITEM_ID])
        return self._recommend_from(inputs, exclude, tf.shape(exclude)[1], restricted)

    def _recommend_examples(self, inputs: Tensors) -> Tensors:
        # The width of a parsed batch depends on its longest row. The number of items fetched must
        # not, or the answer to a row would depend on the other rows of its batch. Rows with longer
        # histories than the allowance are searched again exactly.
        allowance = self._options.max_history
        sent = parse_requests(inputs[serving.EXAMPLES], self._recommend_specs, allowance)
        requests = self._with_ids(sent)
        exclude = self._excluded(requests, requests[serving.EXCLUDE_ITEM_ID])
        restricted = is_restricted(sent)
        return self._recommend_from(requests, exclude, tf.constant(allowance), restricted)

    def _recommend_from(
        self, inputs: Tensors, exclude: tf.Tensor, allowance: tf.Tensor, restricted: tf.Tensor
    ) -> Tensors:
        requested_k = inputs[serving.K]
        k = tf.where(requested_k < 0, self._options.k, requested_k)
        k = tf.minimum(k, self._options.max_k)
        conditions = request_conditions(inputs, self._options.table, self.items, restricted)
        query = self._query(inputs)
        width = tf.reduce_max(tf.concat([k, [0]], axis=0))
        fetch = self._options.max_k + allowance
        return self._named(self.retrieval(query, exclude, k, width, fetch, conditions))

    def _similar_items(self, inputs: Tensors) -> Tensors:
        rows = self.items.rows(self.ids(inputs[ITEM_ID]))
        is_known = rows >= 0
        query = self.towers.item_query(self.retrieval.exact.vectors(tf.maximum(rows, 0)))
        k = tf.where(is_known, self._options.k, 0)
        exclude = rows[:, tf.newaxis]
        fetch = tf.constant(self._options.k + 1)
        width = tf.constant(self._options.k)
        answer = self.retrieval(
            query, exclude, k, width, fetch, Conditions(), serving.SIMILAR_ITEMS
        )
        return self._named(answer)

    def _query_embedding(self, inputs: Tensors) -> Tensors:
        return {serving.OUTPUT_EMBEDDING: self._query(self._with_ids(inputs))}

    def _candidate_embedding(self, inputs: Tensors) -> Tensors:
        items = by_traced_name(
            {**inputs, ITEM_ID: self.ids(inputs[ITEM_ID])}, self._candidate_specs
        )
        return {serving.OUTPUT_EMBEDDING: self.towers.candidate(items)}

    def _with_ids(self, inputs: Tensors) -> Tensors:
        """Returns the inputs of a query with normalised ids, as ingestion normalises them."""
        return {
            name: self.ids(value) if name in _QUERY_IDS else value for name, value in inputs.items()
        }

    def _query(self, inputs: Tensors) -> tf.Tensor:
        return self.towers.query(by_traced_name(inputs, self._query_specs))

    def _excluded(self, query: Tensors, *others: tf.Tensor) -> tf.Tensor:
        """Returns the rows that must not be returned, [B, X] int32."""
        options = self._options
        by_history = history_exclusion(query, self.items, options.exclude_history, options.negative)
        return tf.concat([by_history, *(self.items.rows(ids) for ids in others)], axis=1)

    def _named(self, answer: tuple[tf.Tensor, tf.Tensor]) -> Tensors:
        rows, scores = answer
        return {serving.OUTPUT_ITEM_ID: self.items.ids(rows), serving.OUTPUT_SCORE: scores}
