"""Measures a model beside the baselines and beside what serves now, on the same test targets."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from components.evaluator import confidence, slices
from components.evaluator.baselines.fit import Baseline, fit_baselines
from components.evaluator.baselines.popularity import training_counts
from components.evaluator.columns import EventColumns, index_events, recent_items
from components.evaluator.embed import SignatureEncoder
from components.evaluator.gate import judge
from components.evaluator.metrics import Measurement, measure, popularity_percentiles
from components.evaluator.protocol import TEST_SPLIT, Targets, successive
from components.evaluator.ranking import Scorer, dot_product, rank_targets
from components.examples import Catalogue, Windows, read_catalogue, read_windows
from schemas.features import WINDOW_SPLITS, FeatureTable, feature_table
from schemas.model_settings import EvaluationSettings
from schemas.settings import DataSettings

progress = logging.getLogger("twotower.progress")

SLICED_METRICS = ("recall@10", "ndcg@10", "mrr")


@dataclass(frozen=True)
class HeldOut:
    """The test targets and all that is needed to measure anything on them.

    Attributes:
      table: The features of the settings.
      catalogue: The candidates, exactly.
      windows: Raw windows of the test split.
      events: Events of every split as integer columns.
      targets: What is to be ranked.
      counts: [num_items] int64, training events of each item.
      max_history: The most past events that a request carries.
      cutoffs: K of Recall@K.
    """

    table: FeatureTable
    catalogue: Catalogue
    windows: Windows
    events: Mapping[str, EventColumns]
    targets: Targets
    counts: np.ndarray
    max_history: int
    cutoffs: tuple[int, ...]

    def measure_model(self, path: str) -> Measurement:
        """Measures a SavedModel through its own query and candidate signatures."""
        encoder = SignatureEncoder(path, self.table)
        for name in encoder.inputs_sent_as_missing:
            progress.warning("%s takes %s, which the settings lack: sent as missing", path, name)
        queries = encoder.queries(self.windows, self.targets.position, self.max_history)
        return self._measure(dot_product(queries, encoder.candidates(self.catalogue)))

    def measure_baseline(self, baseline: Baseline) -> Measurement:
        """Measures a baseline on the histories that a model gets."""

        def scorer(rows: slice) -> np.ndarray:
            positions = self.targets.position[rows]
            return baseline.scores(
                recent_items(self.events[TEST_SPLIT], positions, self.max_history)
            )

        return self._measure(scorer)

    def _measure(self, scorer: Scorer) -> Measurement:
        ranking = rank_targets(scorer, self.targets, len(self.catalogue))
        percentiles = popularity_percentiles(self.counts)
        return measure(ranking, self.targets.user, percentiles, self.cutoffs)


def evaluate(
    model_path: str,
    windows_uri: str,
    catalogue_uri: str,
    current_path: str | None,
    data: DataSettings,
    settings: EvaluationSettings,
) -> dict[str, Any]:
    """Measures a model on the test split and judges it.

    Args:
      model_path: Its SavedModel, with the signatures query_embedding and candidate_embedding.
      windows_uri: Raw windows (an Examples artifact with the splits train, eval and test).
      catalogue_uri: The raw catalogue (an Examples artifact).
      current_path: The op-free twin of the model that serves now, or None.
      data: What the log and the catalogue are.
      settings: How to measure and what to demand.

    Returns:
      The content of `evaluation.json`: protocol, test, confidence, slices and gates.

    Raises:
      InputError: There is nothing to measure on, or a gate names something unknown.
      FloatingPointError: The model's embeddings are not finite.
    """
    held_out = read_held_out(windows_uri, catalogue_uri, data, settings)
    targets = held_out.targets
    progress.info(
        "ranking %d candidates for %d test targets of %d users",
        len(held_out.catalogue),
        len(targets),
        targets.num_users,
    )
    fitted = fit_baselines(held_out.events["train"], len(held_out.catalogue), settings.recent_days)
    baselines = {name: held_out.measure_baseline(fitted[name]) for name in fitted}
    model = held_out.measure_model(model_path)
    current = held_out.measure_model(current_path) if current_path else None
    baseline_values = {name: measured.values for name, measured in baselines.items()}
    current_values = current.values if current else None
    gates = judge(settings.gates, model.values, baseline_values, current_values)
    return {
        "protocol": targets.describe(len(held_out.catalogue), data.repeat_interactions),
        "test": {
            "model": model.values,
            "baselines": baseline_values,
            **({"current": current_values} if current_values else {}),
        },
        "confidence": _confidence(model, baselines, current, settings),
        "slices": _slices(model, held_out, settings.gates.metric),
        "gates": [gate.to_dict() for gate in gates],
    }


def read_held_out(
    windows_uri: str, catalogue_uri: str, data: DataSettings, settings: EvaluationSettings
) -> HeldOut:
    """Reads windows and catalogue, and picks the test targets."""
    table = feature_table(data)
    catalogue = read_catalogue(catalogue_uri, table)
    windows = {split: read_windows(windows_uri, split, table) for split in WINDOW_SPLITS}
    events = index_events(windows, catalogue.item_id)
    exclude_seen = data.repeat_interactions == "exclude"
    return HeldOut(
        table=table,
        catalogue=catalogue,
        windows=windows[TEST_SPLIT],
        events=events,
        targets=successive(events, exclude_seen, settings.max_targets, settings.seed),
        counts=training_counts(events["train"], len(catalogue)),
        max_history=data.history.max_length,
        cutoffs=settings.cutoffs,
    )


def _confidence(
    model: Measurement,
    baselines: Mapping[str, Measurement],
    current: Measurement | None,
    settings: EvaluationSettings,
) -> dict[str, confidence.Intervals]:
    samples, seed = settings.bootstrap_samples, settings.seed
    others = {**baselines, **({"current": current} if current else {})}
    return {
        "model": confidence.intervals(model.by_user, samples, seed),
        **{
            f"model_minus_{name}": confidence.paired_intervals(
                model.by_user, other.by_user, samples, seed
            )
            for name, other in others.items()
        },
    }


def _slices(model: Measurement, held_out: HeldOut, gate_metric: str) -> dict[str, slices.Slices]:
    targets = held_out.targets
    names = dict.fromkeys((*SLICED_METRICS, gate_metric))
    by_target = {name: model.by_target[name] for name in names if name in model.by_target}
    popularity = slices.item_popularity(held_out.counts)[targets.item]
    past = slices.past_events(targets.num_past_events)
    return {
        slices.PAST_EVENTS: slices.sliced(by_target, targets.user, past, slices.PAST_EVENTS_LABELS),
        slices.ITEM_POPULARITY: slices.sliced(
            by_target, targets.user, popularity, slices.POPULARITY_LABELS
        ),
    }
