"""Evaluates a model, the baselines and the currently served model on the same queries."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from components.current_model.state import CurrentModelState
from components.evaluator import confidence, later_negatives
from components.evaluator.baselines.counted_events import counted_events
from components.evaluator.baselines.fit import fit_baselines
from components.evaluator.baselines.select_settings import selector_on_eval_split
from components.evaluator.embed import SignatureEncoder
from components.evaluator.embedding_health import embedding_health
from components.evaluator.held_out import (
    Embeddings,
    EvaluationResult,
    HeldOutData,
    read_held_out_data,
)
from components.evaluator.illustrations.illustrate import illustrate
from components.evaluator.model_gates import check_model_gates, compare_served, train_end_s
from components.evaluator.popularity_profiles import popularity_profiles
from components.evaluator.slice_masks import (
    SliceMasks,
    category_slice_masks,
    standard_slice_masks,
)
from components.evaluator.slices import slice_metrics
from components.evaluator.tower_parity import measure_parity
from components.evaluator.user_metrics import UserMetrics, targets_digest
from components.progress import progress
from schemas.evaluation_settings import EvaluationSettings
from schemas.features import TRAIN_SPLIT
from schemas.metrics import SUCCESSIVE
from schemas.settings import DataSettings

# The key of examples for people, which are in the fragment of the step and not in evaluation.json.
ILLUSTRATIONS = "illustrations"
# The key of the metrics per user, which are in a file of their own.
USER_METRICS = "user_metrics"
_DIVERGED = (
    "training diverged; lower train.learning_rate, and check the numeric features for extreme "
    "values"
)
_CANNOT_COMPARE = (
    "no new model can be compared with this version; check the numeric features for values that "
    "are more extreme than those of its training, or roll back to another version (`twotower "
    "rollback`)"
)
SLICED_METRICS = ("recall@10", "ndcg@10", "mrr")


def evaluate(
    model_path: str,
    windows_uri: str,
    catalogue_uri: str,
    served: CurrentModelState,
    data: DataSettings,
    settings: EvaluationSettings,
) -> dict[str, Any]:
    """Evaluates a model on the test split and checks its gates.

    Args:
      model_path: A SavedModel with the signatures `query_embedding` and `candidate_embedding`.
      windows_uri: Raw windows (an Examples artifact with the splits train, eval and test).
      catalogue_uri: The raw catalogue (an Examples artifact).
      served: The version that serves now; its proven towers are evaluated, too.
      data: Settings of the log and the catalogue.
      settings: Settings of the evaluation and its gates.

    Returns:
      The content of `evaluation.json`: `protocol`, `test` and `confidence` of the headline
      protocol, the same sections of the other protocols under `protocols`, and `baselines`,
      `slices`, `slice_intervals`, `diagnosis`, `gates` and `sizes`; `later_negatives` if there is
      later negative feedback; `train_end_s`, the time of the last event of the train split, in
      seconds since the epoch, and `split_policy`; `ILLUSTRATIONS`, for the report only; and
      `USER_METRICS`, the `UserMetrics` of the model.

    Raises:
      InputError: The test split has no target to evaluate.
      FloatingPointError: Embeddings or scores of the model, or of the version that serves, are not
        finite.
    """
    held_out = read_held_out_data(windows_uri, catalogue_uri, data, settings)
    queries = held_out.headline.queries
    progress.info(
        "ranking %d candidates for %d test targets of %d users",
        len(held_out.items),
        len(queries),
        queries.num_users,
    )
    started = time.monotonic()
    baselines, baseline_settings = _evaluate_baselines(held_out, data, settings)
    progress.info("baselines fitted and ranked in %.1f s", time.monotonic() - started)
    encoder = SignatureEncoder(model_path, held_out.table)
    with _non_finite_is_explained("the new model", _DIVERGED):
        embeddings = _embed(held_out, encoder)
        parity = measure_parity(
            model_path, encoder, embeddings.candidates, held_out.catalogue, held_out.windows, data
        )
        model = held_out.measure_model(embeddings)
    current = None
    if served.towers_path:
        current_encoder = SignatureEncoder(served.towers_path, held_out.table)
        with _non_finite_is_explained(f"version {served.version}, which serves", _CANNOT_COMPARE):
            current = held_out.measure_model(_embed(held_out, current_encoder))
    protocols = {
        name: _protocol_report(name, held_out, model, baselines, current, data, settings)
        for name in held_out.protocols
    }
    headline = protocols.pop(SUCCESSIVE)
    dimensions = _slice_dimensions(held_out, data, settings)
    diagnosis = {"parity": parity.report, **_diagnosis(model, embeddings, held_out)}
    comparison = None
    if current is not None:
        comparison = compare_served(
            model,
            current,
            served,
            held_out,
            data,
            settings.gates.metric,
            current_encoder.inputs_sent_as_missing,
        )
    gates = check_model_gates(
        headline, diagnosis["embeddings"], comparison, dimensions, held_out, settings
    )
    return {
        **headline,
        "train_end_s": train_end_s(held_out),
        "split_policy": data.split.policy,
        "protocols": protocols,
        "baselines": baseline_settings,
        **_slices(model, baselines, dimensions, held_out, settings),
        **_later_negatives(held_out, model, baselines, current, settings),
        "diagnosis": diagnosis,
        "gates": [gate.to_dict() for gate in (*gates, parity.gate)],
        "sizes": _sizes(held_out),
        ILLUSTRATIONS: illustrate(
            held_out, embeddings, model, baselines, data.rejects.raw, settings.seed
        ),
        USER_METRICS: _user_metrics(held_out, model),
    }


@contextmanager
def _non_finite_is_explained(model: str, remedy: str) -> Iterator[None]:
    """Adds the model and the remedy to an error about embeddings or scores that are not finite."""
    try:
        yield
    except FloatingPointError as error:
        raise FloatingPointError(f"{model}: {error}: {remedy}") from error


def _evaluate_baselines(
    held_out: HeldOutData, data: DataSettings, settings: EvaluationSettings
) -> tuple[dict[str, EvaluationResult], dict[str, Any]]:
    """Fits and evaluates the baselines one after another, to keep only one in memory.

    Returns:
      The result of each baseline that was not left out, and the settings of all baselines.
    """
    exclude_seen = data.repeat_interactions == "exclude"
    selector = selector_on_eval_split(
        held_out.events,
        len(held_out.items),
        exclude_seen,
        held_out.max_history,
        settings.seed,
        settings.gates.metric,
        settings.cutoffs,
    )
    results, baseline_settings = {}, {}
    train = counted_events(held_out.events, exclude_seen)
    for name, fitted in fit_baselines(train, len(held_out.items), held_out.max_history, selector):
        baseline_settings[name] = fitted.settings
        if fitted.baseline is not None:
            results[name] = held_out.measure_baseline(fitted.baseline)
    return results, baseline_settings


def _embed(held_out: HeldOutData, encoder: SignatureEncoder) -> Embeddings:
    for name in encoder.inputs_sent_as_missing:
        progress.warning(
            "model input %s: the settings have no feature of this name, so missing values are sent",
            name,
        )
    return held_out.embed(encoder)


def _protocol_report(
    name: str,
    held_out: HeldOutData,
    model: EvaluationResult,
    baselines: Mapping[str, EvaluationResult],
    current: EvaluationResult | None,
    data: DataSettings,
    settings: EvaluationSettings,
) -> dict[str, Any]:
    """The sections `protocol`, `test` and `confidence` of one protocol."""
    protocol = held_out.protocols[name]
    others = {**baselines, **({"current": current} if current else {})}
    measured = {other: result.measurements[name] for other, result in others.items()}
    return {
        "protocol": protocol.describe(len(held_out.items), data.repeat_interactions),
        "test": {
            "model": model.measurements[name].values,
            "baselines": {baseline: measured[baseline].values for baseline in baselines},
            **({"current": measured["current"].values} if current else {}),
        },
        "confidence": confidence.paired_bootstrap_intervals(
            model.measurements[name].by_user,
            {other: measurement.by_user for other, measurement in measured.items()},
            settings.bootstrap_samples,
            settings.seed,
        ),
    }


def _later_negatives(
    held_out: HeldOutData,
    model: EvaluationResult,
    baselines: Mapping[str, EvaluationResult],
    current: EvaluationResult | None,
    settings: EvaluationSettings,
) -> dict[str, Any]:
    """The section `later_negatives`, if there is negative feedback after the queries."""
    if held_out.negatives is None:
        return {}
    results = {**baselines, **({"current": current} if current else {})}
    others = {name: result.later_negatives for name, result in results.items()}
    section = later_negatives.report(
        held_out.negatives,
        model.later_negatives,
        others,
        settings.bootstrap_samples,
        settings.seed,
    )
    return {"later_negatives": section}


def _slice_dimensions(
    held_out: HeldOutData, data: DataSettings, settings: EvaluationSettings
) -> dict[str, SliceMasks]:
    """The slices of each dimension of the headline queries."""
    queries = held_out.headline.queries
    windows = held_out.windows[queries.split]
    return {
        **standard_slice_masks(
            queries,
            held_out.events,
            windows,
            held_out.items.counts,
            has_split_time=data.split.policy != "leave_one_out",
        ),
        **category_slice_masks(settings.slices, queries, windows, held_out.catalogue),
    }


def _slices(
    model: EvaluationResult,
    baselines: Mapping[str, EvaluationResult],
    dimensions: Mapping[str, SliceMasks],
    held_out: HeldOutData,
    settings: EvaluationSettings,
) -> dict[str, Any]:
    """The sections `slices` and `slice_intervals`."""
    measured = model.measurements[SUCCESSIVE]
    names = dict.fromkeys((settings.gates.metric, *SLICED_METRICS))
    slices, intervals = slice_metrics(
        measured,
        {name: result.measurements[SUCCESSIVE] for name, result in baselines.items()},
        held_out.headline.queries.user,
        dimensions,
        [name for name in names if name in measured.by_query],
    )
    return {"slices": slices, "slice_intervals": intervals}


def _sizes(held_out: HeldOutData) -> dict[str, int]:
    """The section `sizes`: what the model was trained on, for a comparison with later models."""
    train = held_out.events[TRAIN_SPLIT]
    return {
        "items": len(held_out.items),
        "items_in_training": int(np.count_nonzero(held_out.items.counts)),
        "users_in_training": len(np.unique(train.user[train.is_target])),
        "training_targets": int(np.count_nonzero(train.is_target)),
    }


def _user_metrics(held_out: HeldOutData, model: EvaluationResult) -> UserMetrics:
    """The metrics of each user and the digest of the targets, of the headline protocol."""
    queries = held_out.headline.queries
    windows = held_out.windows[queries.split]
    window = np.searchsorted(windows.offsets, queries.position, side="right") - 1
    query = np.repeat(np.arange(len(queries)), np.diff(queries.offsets))
    digest = targets_digest(
        windows.user_id[window][query],
        windows.timestamp[queries.position][query],
        held_out.catalogue.item_id[queries.item],
    )
    return UserMetrics(digest, model.measurements[SUCCESSIVE].by_user)


def _diagnosis(
    model: EvaluationResult, embeddings: Embeddings, held_out: HeldOutData
) -> dict[str, Any]:
    top = model.rankings[SUCCESSIVE].top
    queries, targets = embeddings.queries[SUCCESSIVE], held_out.headline.queries.item
    return {
        "embeddings": embedding_health(queries, embeddings.candidates, top),
        "consumption": popularity_profiles(top, targets, held_out.items.counts),
    }
