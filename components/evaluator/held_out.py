"""The held-out data of a run, and the evaluation of models and baselines on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from components.evaluator.baselines.baseline import Baseline, baseline_scorer
from components.evaluator.baselines.popularity import training_counts
from components.evaluator.columns import EventColumns, index_events
from components.evaluator.content_vectors import content_vectors
from components.evaluator.embed import SignatureEncoder
from components.evaluator.later_negatives import later_negatives, shares_by_user
from components.evaluator.measure import ItemStatistics, Measurement, measure
from components.evaluator.protocol import (
    EvaluationProtocol,
    all_future_protocol,
    first_protocol,
    last_protocol,
    successive_protocol,
    window_protocol,
)
from components.evaluator.queries import Queries
from components.evaluator.ranking import Ranking, Scorer, dot_product_scorer, rank_exclusions
from components.examples.read import RawCatalogue, RawWindows, read_raw_catalogue, read_raw_windows
from schemas.evaluation_settings import EvaluationSettings
from schemas.features import STORED_SPLITS, TRAIN_SPLIT, FeatureTable, feature_table
from schemas.metrics import ALL_FUTURE, FIRST, LAST, SUCCESSIVE, WINDOW
from schemas.settings import DataSettings

_LATER_NEGATIVES = "later_negatives"


@dataclass(frozen=True)
class Embeddings:
    """The embeddings that a model computes for the held-out queries and the catalogue.

    Attributes:
      queries: For each protocol, and for the queries of later negative feedback,
        [num_queries, dim] float32.
      candidates: [num_items, dim] float32.
    """

    queries: Mapping[str, npt.NDArray[np.float32]]
    candidates: npt.NDArray[np.float32]


@dataclass(frozen=True)
class EvaluationResult:
    """The rankings and metrics of a model or baseline.

    Attributes:
      rankings: For each protocol, the ranking of its queries.
      measurements: For each protocol, the metrics of its ranking.
      later_negatives: `later_negatives.shares_by_user` of its ranking; empty without such queries.
    """

    rankings: Mapping[str, Ranking]
    measurements: Mapping[str, Measurement]
    later_negatives: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True)
class HeldOutData:
    """The queries of every protocol, with the data that their evaluation needs.

    Attributes:
      table: The features that the settings define.
      catalogue: The candidates, in the order of catalogue rows.
      items: Statistics of the catalogue's items.
      windows: Raw windows of each split.
      events: Events of each split as integer columns.
      protocols: The protocols by name, `successive` first.
      negatives: Queries with the items that get negative feedback later; None if there are none.
      max_history: The maximum number of past events in a request.
      cutoffs: Values of k for Recall@k.
      merge_runs: Whether consecutive events of one item are one event of a baseline's history, as
        in the query tower.
    """

    table: FeatureTable
    catalogue: RawCatalogue
    items: ItemStatistics
    windows: Mapping[str, RawWindows]
    events: Mapping[str, EventColumns]
    protocols: Mapping[str, EvaluationProtocol]
    max_history: int
    cutoffs: tuple[int, ...]
    negatives: Queries | None = None
    merge_runs: bool = False

    @property
    def headline(self) -> EvaluationProtocol:
        """The protocol that gates and slices use."""
        return self.protocols[SUCCESSIVE]

    def embed(self, encoder: SignatureEncoder) -> Embeddings:
        """Embeds the queries of all protocols and the catalogue through a SavedModel."""
        embeddings = {
            name: encoder.queries(
                self.windows[queries.split], queries.position, self.max_history, queries.time_s
            )
            for name, queries in self._ranked_queries().items()
            if name != _LATER_NEGATIVES
        }
        if self.negatives is not None:
            is_evaluated = np.isin(self.headline.queries.position, self.negatives.position)
            embeddings[_LATER_NEGATIVES] = embeddings[SUCCESSIVE][is_evaluated]
        return Embeddings(embeddings, encoder.candidates(self.catalogue))

    def measure_model(self, embeddings: Embeddings) -> EvaluationResult:
        """Evaluates a model that scores by the dot product of its embeddings."""
        return self._evaluate(
            lambda name, _: dot_product_scorer(embeddings.queries[name], embeddings.candidates)
        )

    def measure_baseline(self, baseline: Baseline) -> EvaluationResult:
        """Evaluates a baseline on the same queries and histories as a model."""
        return self._evaluate(
            lambda _, queries: baseline_scorer(
                baseline,
                self.events[queries.split],
                queries,
                self.max_history,
                self.merge_runs,
            )
        )

    def _ranked_queries(self) -> dict[str, Queries]:
        """The queries to score; those of `window`, `first` and `last` are among `successive`."""
        ranked = {
            name: protocol.queries
            for name, protocol in self.protocols.items()
            if name in (SUCCESSIVE, ALL_FUTURE)
        }
        return ranked if self.negatives is None else {**ranked, _LATER_NEGATIVES: self.negatives}

    def _evaluate(self, scorer_of: Callable[[str, Queries], Scorer]) -> EvaluationResult:
        rankings: dict[str, Ranking] = {}
        for name, queries in self._ranked_queries().items():
            scored_once = {name: queries}
            if name == SUCCESSIVE and WINDOW in self.protocols:
                scored_once[WINDOW] = self.protocols[WINDOW].queries
            ranked = rank_exclusions(
                scorer_of(name, queries), list(scored_once.values()), len(self.items)
            )
            rankings |= dict(zip(scored_once, ranked, strict=True))
        successive = self.headline.queries
        for name in (FIRST, LAST):
            if name in self.protocols:
                selected = self.protocols[name].queries.position
                rankings[name] = rankings[SUCCESSIVE].select(np.isin(successive.position, selected))
        measurements = {
            name: measure(
                rankings[name],
                protocol.queries.user,
                self.items,
                self.cutoffs,
                seen=successive.seen if name == WINDOW else None,
            )
            for name, protocol in self.protocols.items()
        }
        if self.negatives is None:
            return EvaluationResult(rankings, measurements)
        shares = shares_by_user(rankings.pop(_LATER_NEGATIVES), self.negatives.user)
        return EvaluationResult(rankings, measurements, shares)


def read_held_out_data(
    windows_uri: str, catalogue_uri: str, data: DataSettings, settings: EvaluationSettings
) -> HeldOutData:
    """Reads the windows and the catalogue, and creates the queries of every protocol.

    Raises:
      InputError: The test split has no target to evaluate.
    """
    table = feature_table(data)
    catalogue = read_raw_catalogue(catalogue_uri, table)
    windows = {split: read_raw_windows(windows_uri, split, table) for split in STORED_SPLITS}
    events = index_events(windows, catalogue.item_id, data.targets.negative)
    protocols = _protocols(events, data, settings)
    counts = training_counts(events[TRAIN_SPLIT], len(catalogue))
    return HeldOutData(
        table=table,
        catalogue=catalogue,
        items=ItemStatistics(counts, content_vectors(catalogue, table)),
        windows=windows,
        events=events,
        protocols=protocols,
        max_history=data.history.max_length,
        cutoffs=settings.cutoffs,
        negatives=later_negatives(protocols[SUCCESSIVE].queries, events),
        merge_runs=data.repeat_interactions == "exclude",
    )


def _protocols(
    events: Mapping[str, EventColumns], data: DataSettings, settings: EvaluationSettings
) -> dict[str, EvaluationProtocol]:
    exclude_seen = data.repeat_interactions == "exclude"
    successive = successive_protocol(events, exclude_seen, settings.max_targets, settings.seed)
    test = events[successive.queries.split]
    protocols = {SUCCESSIVE: successive}
    window = window_protocol(successive, test, data.history.max_length, exclude_seen)
    if window is not None:
        protocols[WINDOW] = window
    if data.split.policy == "leave_one_out":
        # Each user has one test event, so the other protocols would have the same queries.
        return protocols
    return {
        **protocols,
        FIRST: first_protocol(successive, test),
        LAST: last_protocol(successive, test),
        ALL_FUTURE: all_future_protocol(successive, events, exclude_seen),
    }
