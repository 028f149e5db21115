"""The held-out queries of a run, and whatever is to be measured on them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from components.evaluator import protocol as protocols
from components.evaluator.baselines.baseline import Baseline, baseline_scorer
from components.evaluator.baselines.popularity import training_counts
from components.evaluator.columns import EventColumns, index_events
from components.evaluator.content import content_vectors
from components.evaluator.embed import SignatureEncoder
from components.evaluator.measure import Items, Measurement, measure
from components.evaluator.protocol import Protocol
from components.evaluator.queries import Queries
from components.evaluator.ranking import Ranking, Scorer, dot_product, rank_queries
from components.examples.read import RawCatalogue, RawWindows, read_raw_catalogue, read_raw_windows
from schemas.features import STORED_SPLITS, TRAIN_SPLIT, FeatureTable, feature_table
from schemas.metrics import ALL_FUTURE, FIRST, LAST, SUCCESSIVE
from schemas.model_settings import EvaluationSettings
from schemas.settings import DataSettings


@dataclass(frozen=True)
class Embeddings:
    """What a model makes of the held-out queries and of the catalogue.

    Attributes:
      queries: By protocol, [num_queries, dim] float32.
      candidates: [num_items, dim] float32.
    """

    queries: Mapping[str, np.ndarray]
    candidates: np.ndarray


@dataclass(frozen=True)
class Result:
    """How one method fared, by protocol."""

    rankings: Mapping[str, Ranking]
    measurements: Mapping[str, Measurement]


@dataclass(frozen=True)
class HeldOut:
    """The queries of every protocol and all that is needed to measure anything on them.

    Attributes:
      table: The features of the settings.
      catalogue: The candidates, exactly.
      items: What metrics know of them.
      windows: Raw windows of every split.
      events: Events of every split as integer columns.
      protocols: By name, `successive` first.
      max_history: The most past events that a request carries.
      cutoffs: K of Recall@K.
    """

    table: FeatureTable
    catalogue: RawCatalogue
    items: Items
    windows: Mapping[str, RawWindows]
    events: Mapping[str, EventColumns]
    protocols: Mapping[str, Protocol]
    max_history: int
    cutoffs: tuple[int, ...]

    @property
    def headline(self) -> Protocol:
        """The protocol that gates and slices read."""
        return self.protocols[SUCCESSIVE]

    def embed(self, encoder: SignatureEncoder) -> Embeddings:
        """Embeds everything through a SavedModel's own query and candidate signatures."""
        queries = {
            name: encoder.queries(
                self.windows[asked.split], asked.position, self.max_history, asked.time_s
            )
            for name, asked in self._ranked().items()
        }
        return Embeddings(queries, encoder.candidates(self.catalogue))

    def measure_model(self, embeddings: Embeddings) -> Result:
        """Measures a model by the dot products of its embeddings."""
        return self._result(
            lambda name, _: dot_product(embeddings.queries[name], embeddings.candidates)
        )

    def measure_baseline(self, baseline: Baseline) -> Result:
        """Measures a baseline on the histories that a model gets."""
        return self._result(
            lambda _, asked: baseline_scorer(
                baseline, self.events[asked.split], asked, self.max_history
            )
        )

    def _ranked(self) -> dict[str, Queries]:
        """The queries that have to be ranked: those of first and last are among the successive."""
        return {
            name: asked.queries
            for name, asked in self.protocols.items()
            if name in (SUCCESSIVE, ALL_FUTURE)
        }

    def _result(self, scorer_of: Callable[[str, Queries], Scorer]) -> Result:
        rankings = {
            name: rank_queries(scorer_of(name, asked), asked, len(self.items))
            for name, asked in self._ranked().items()
        }
        in_turn = self.headline.queries
        for name in (FIRST, LAST):
            if name in self.protocols:
                wanted = self.protocols[name].queries.position
                rankings[name] = rankings[SUCCESSIVE].select(np.isin(in_turn.position, wanted))
        return Result(
            rankings,
            {
                name: measure(rankings[name], asked.queries.user, self.items, self.cutoffs)
                for name, asked in self.protocols.items()
            },
        )


def read_held_out(
    windows_uri: str, catalogue_uri: str, data: DataSettings, settings: EvaluationSettings
) -> HeldOut:
    """Reads windows and catalogue, and makes the queries of every protocol.

    Raises:
      InputError: There is nothing to measure on.
    """
    table = feature_table(data)
    catalogue = read_raw_catalogue(catalogue_uri, table)
    windows = {split: read_raw_windows(windows_uri, split, table) for split in STORED_SPLITS}
    events = index_events(windows, catalogue.item_id)
    asked = _protocols(events, data, settings)
    return HeldOut(
        table=table,
        catalogue=catalogue,
        items=Items(
            training_counts(events[TRAIN_SPLIT], len(catalogue)), content_vectors(catalogue, table)
        ),
        windows=windows,
        events=events,
        protocols=asked,
        max_history=data.history.max_length,
        cutoffs=settings.cutoffs,
    )


def _protocols(
    events: Mapping[str, EventColumns], data: DataSettings, settings: EvaluationSettings
) -> dict[str, Protocol]:
    exclude_seen = data.repeat_interactions == "exclude"
    in_turn = protocols.successive(events, exclude_seen, settings.max_targets, settings.seed)
    if data.split.policy == "leave_one_out":
        # One test event a user: the other protocols would ask the same.
        return {SUCCESSIVE: in_turn}
    test = events[in_turn.queries.split]
    return {
        SUCCESSIVE: in_turn,
        FIRST: protocols.first(in_turn, test),
        LAST: protocols.last(in_turn, test),
        ALL_FUTURE: protocols.all_future(in_turn, events, exclude_seen),
    }
