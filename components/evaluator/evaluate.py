"""Measures a model beside the baselines and beside what serves now, on the same queries."""

import time
from collections.abc import Mapping
from typing import Any

from components.evaluator import confidence
from components.evaluator.baselines.choose import choice_on_eval
from components.evaluator.baselines.fit import fit_baselines
from components.evaluator.consumption import consumption
from components.evaluator.embed import SignatureEncoder
from components.evaluator.embedding_health import embedding_health
from components.evaluator.gate import judge
from components.evaluator.groups import category_groups, standard_groups
from components.evaluator.held_out import Embeddings, HeldOut, Result, read_held_out
from components.evaluator.parity import measure_parity
from components.evaluator.slices import Slices, sliced
from components.progress import progress
from schemas.features import TRAIN_SPLIT
from schemas.metrics import SUCCESSIVE
from schemas.model_settings import EvaluationSettings
from schemas.settings import DataSettings

SLICED_METRICS = ("recall@10", "ndcg@10", "mrr")


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
      The content of `evaluation.json`: protocol, test and confidence of the headline protocol,
      the same of the others under protocols, baselines, slices, diagnosis and gates.

    Raises:
      InputError: There is nothing to measure on.
      FloatingPointError: The model's embeddings are not finite.
    """
    held_out = read_held_out(windows_uri, catalogue_uri, data, settings)
    queries = held_out.headline.queries
    progress.info(
        "ranking %d candidates for %d test targets of %d users",
        len(held_out.items),
        len(queries),
        queries.num_users,
    )
    started = time.monotonic()
    baselines, chosen = _baselines(held_out, data, settings)
    progress.info("baselines chosen, fitted and ranked in %.1f s", time.monotonic() - started)
    encoder = SignatureEncoder(model_path, held_out.table)
    embeddings = _embed(held_out, encoder)
    parity = measure_parity(
        model_path, encoder, embeddings.candidates, held_out.catalogue, held_out.windows, data
    )
    model = held_out.measure_model(embeddings)
    current = None
    if current_path:
        serving = SignatureEncoder(current_path, held_out.table)
        current = held_out.measure_model(_embed(held_out, serving))
    others = {**baselines, **({"current": current} if current else {})}
    told = {
        name: _protocol(name, held_out, model, baselines, current, data, settings)
        for name in held_out.protocols
    }
    values = {name: other.measurements[SUCCESSIVE].values for name, other in others.items()}
    gates = judge(
        settings.gates,
        model.measurements[SUCCESSIVE].values,
        {name: values[name] for name in baselines},
        values.get("current"),
    )
    return {
        **told.pop(SUCCESSIVE),
        "protocols": told,
        "baselines": chosen,
        "slices": _slices(model, baselines, held_out, data, settings),
        "diagnosis": {"parity": parity.report, **_diagnosis(model, embeddings, held_out)},
        "gates": [gate.to_dict() for gate in (*gates, parity.gate)],
    }


def _baselines(
    held_out: HeldOut, data: DataSettings, settings: EvaluationSettings
) -> tuple[dict[str, Result], dict[str, Any]]:
    """What every baseline came to, and the settings of each; one is in memory at a time."""
    choice = choice_on_eval(
        held_out.events,
        len(held_out.items),
        data.repeat_interactions == "exclude",
        held_out.max_history,
        settings.seed,
        settings.gates.metric,
        settings.cutoffs,
    )
    results, chosen = {}, {}
    for name, fitted in fit_baselines(held_out.events[TRAIN_SPLIT], len(held_out.items), choice):
        chosen[name] = fitted.settings
        if fitted.baseline is not None:
            results[name] = held_out.measure_baseline(fitted.baseline)
    return results, chosen


def _embed(held_out: HeldOut, encoder: SignatureEncoder) -> Embeddings:
    for name in encoder.inputs_sent_as_missing:
        progress.warning("%s: no feature of that name in the settings, sent as missing", name)
    return held_out.embed(encoder)


def _protocol(
    name: str,
    held_out: HeldOut,
    model: Result,
    baselines: Mapping[str, Result],
    current: Result | None,
    data: DataSettings,
    settings: EvaluationSettings,
) -> dict[str, Any]:
    """What one protocol came to: its facts, every metric, and the intervals."""
    asked = held_out.protocols[name]
    others = {**baselines, **({"current": current} if current else {})}
    measured = {other: result.measurements[name] for other, result in others.items()}
    return {
        "protocol": asked.describe(len(held_out.items), data.repeat_interactions),
        "test": {
            "model": model.measurements[name].values,
            "baselines": {baseline: measured[baseline].values for baseline in baselines},
            **({"current": measured["current"].values} if current else {}),
        },
        "confidence": confidence.of_model(
            model.measurements[name].by_user,
            {other: measurement.by_user for other, measurement in measured.items()},
            settings.bootstrap_samples,
            settings.seed,
        ),
    }


def _slices(
    model: Result,
    baselines: Mapping[str, Result],
    held_out: HeldOut,
    data: DataSettings,
    settings: EvaluationSettings,
) -> dict[str, Slices]:
    queries = held_out.headline.queries
    measured = model.measurements[SUCCESSIVE]
    windows = held_out.windows[queries.split]
    names = dict.fromkeys((settings.gates.metric, *SLICED_METRICS))
    groups = {
        **standard_groups(
            queries,
            held_out.events,
            windows,
            held_out.items.counts,
            has_split_time=data.split.policy != "leave_one_out",
        ),
        **category_groups(settings.slices, queries, windows, held_out.catalogue),
    }
    return {
        dimension: sliced(
            measured,
            {name: result.measurements[SUCCESSIVE] for name, result in baselines.items()},
            queries.user,
            parts,
            [name for name in names if name in measured.by_query],
            settings.bootstrap_samples,
            settings.seed,
        )
        for dimension, parts in groups.items()
    }


def _diagnosis(model: Result, embeddings: Embeddings, held_out: HeldOut) -> dict[str, Any]:
    top = model.rankings[SUCCESSIVE].top
    queries = embeddings.queries[SUCCESSIVE]
    return {
        "embeddings": embedding_health(queries, embeddings.candidates, top),
        "consumption": consumption(top, held_out.headline.queries.item, held_out.items.counts),
    }
