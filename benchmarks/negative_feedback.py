"""The effect of `targets.negative`, trained on the examples of a finished run.

    python -m benchmarks.negative_feedback RUN [--seed 17]... [--weight 0.3]... [--only VARIANT]...

RUN is the output folder of a run with `targets.negative`. Every variant is trained on the same
windows, and the signatures that it exports are evaluated on the same queries, targets and
candidates:

- targets: negative feedback is a target like any other event, as without `targets.negative`;
- left out: it is neither a target nor in the history;
- history: it is in the history as an event like any other, with its type and value;
- role, weight W: it has the role, and `train.negative_weight` is W.

Prints a table on stdout: means over the seeds, and 95 % intervals of the paired difference from the
first variant over users.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tf_keras as keras

from benchmarks.environment import environment
from benchmarks.finished_run import RunArtifacts, find_artifacts, write_run_config
from components.evaluator.confidence import paired_bootstrap_intervals
from components.evaluator.embed import SignatureEncoder
from components.evaluator.held_out import HeldOutData, read_held_out_data
from components.evaluator.queries import Queries
from components.examples.read import RawWindows, read_users
from components.negative_events import negative_flags
from components.negative_events_graph import NEGATIVE
from components.trainer.data.read import TrainData, read_data
from components.trainer.data.windows import WEIGHT, TransformedWindows
from components.trainer.export.saved_model import TransformGraphs, export_towers
from components.trainer.fit.train import train_on_data
from pipeline.config import load_settings
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError
from schemas.features import feature_table
from schemas.metrics import LATER_NEGATIVES_CUTOFFS, SUCCESSIVE, later_negatives_name
from schemas.settings import Settings
from schemas.target_settings import NegativeSettings
from schemas.transformed import IS_NEGATIVE

METRICS = ("recall@10", "ndcg@10", "recall@100")
LEFT_OUT = "left out"
_BOOTSTRAP_SAMPLES = 1000
ByUser = dict[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Variant:
    """One treatment of negative feedback.

    Attributes:
      change: Changes the windows of a training; None leaves them as they are.
      has_state: Whether the state of an event as negative feedback is a feature.
      weight: `train.negative_weight`.
      leaves_out: Whether histories of held-out queries have no negative feedback either.
    """

    change: Callable[[TransformedWindows], TransformedWindows] | None = None
    has_state: bool = False
    weight: float = 0.0
    leaves_out: bool = False


def main() -> int:
    """Prints the table and returns 0; 2 for an invalid run folder or setting."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.negative_feedback",
        description=(__doc__ or "").splitlines()[0],
    )
    parser.add_argument("run", type=Path, help="output folder of a run with targets.negative")
    parser.add_argument("--seed", type=int, action="append", help="seed of training; repeatable")
    parser.add_argument(
        "--weight", type=float, action="append", help="train.negative_weight; repeatable"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY.SUB=VALUE",
        help="setting of all variants",
    )
    parser.add_argument(
        "--only", action="append", metavar="VARIANT", help="variant to train; repeatable"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to this file")
    options = parser.parse_args()
    quieten()
    try:
        results = _measure(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(ExitCode.BAD_INPUT)
    print(table(results))
    return 0


def variants(weights: Sequence[float]) -> dict[str, Variant]:
    """Returns the variants by name."""
    return {
        LEFT_OUT: Variant(change=without_negatives, leaves_out=True),
        "history": Variant(),
        **{f"role, weight {weight:g}": Variant(None, True, weight) for weight in weights},
        "targets": Variant(change=with_negative_targets),
    }


def without_negatives(windows: TransformedWindows) -> TransformedWindows:
    """Removes the events that are negative feedback."""
    kept = windows.events[IS_NEGATIVE] != NEGATIVE
    window = np.repeat(np.arange(len(windows)), windows.lengths)
    return replace(
        windows,
        lengths=np.bincount(window[kept], minlength=len(windows)),
        events={name: values[kept] for name, values in windows.events.items()},
    )


def with_negative_targets(windows: TransformedWindows) -> TransformedWindows:
    """Makes the negative feedback after the first target of each window a target.

    Windows overlap only before their first targets, so that no event is a target twice.
    """
    weight = windows.events[WEIGHT]
    window = np.repeat(np.arange(len(windows)), windows.lengths)
    is_after = np.zeros(len(weight), bool)
    first = np.full(len(windows), len(weight))
    np.minimum.at(first, window[weight > 0], np.flatnonzero(weight))
    is_after = np.arange(len(weight)) > first[window]
    is_added = is_after & (windows.events[IS_NEGATIVE] == NEGATIVE) & (weight == 0)
    return replace(
        windows, events={**windows.events, WEIGHT: np.where(is_added, np.float32(1.0), weight)}
    )


def _measure(options: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    artifacts = find_artifacts(options.run)
    results: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        config = write_run_config(options.run, Path(folder))
        base = load_settings(str(config), options.set)
        negative = base.targets.negative
        if negative is None:
            raise InputError(f"{options.run}: the run has no targets.negative, which is measured")
        held_out = read_held_out_data(
            artifacts.windows, artifacts.catalogue, base.data, base.evaluation
        )
        chosen = _chosen(options)
        for seed in options.seed or [base.train.seed]:
            for name, variant in chosen.items():
                print(f"== {name}, seed {seed}", file=sys.stderr)
                train = replace(base.train, seed=seed, negative_weight=variant.weight)
                result = _train_variant(
                    variant,
                    replace(base, train=train),
                    artifacts,
                    held_out,
                    negative,
                    str(Path(folder, "model")),
                )
                results.setdefault(name, []).append(result)
                keras.backend.clear_session()
                if options.json:
                    _write(options.json, options.run, results)
    return results


def _chosen(options: argparse.Namespace) -> dict[str, Variant]:
    known = variants(options.weight or [0.0, 0.3, 1.0])
    for name in options.only or ():
        if name not in known:
            raise InputError(f"--only {name!r}: is no variant; choose from {', '.join(known)}")
    return {name: known[name] for name in options.only or known}


def _train_variant(
    variant: Variant,
    settings: Settings,
    artifacts: RunArtifacts,
    held_out: HeldOutData,
    negative: NegativeSettings,
    path: str,
) -> dict[str, Any]:
    data = settings.data
    train_data = _changed(read_data(artifacts.inputs, data), variant)
    trained = train_on_data(train_data, data, settings.model, settings.train)
    graphs = TransformGraphs(artifacts.inputs.windows_graph, artifacts.inputs.catalogue_graph)
    table = feature_table(data)
    export_towers(trained, data, graphs, read_users(artifacts.users, table), path)
    evaluated = _without_negative_history(held_out, negative) if variant.leaves_out else held_out
    measured = held_out.measure_model(evaluated.embed(SignatureEncoder(path, table)))
    by_user = measured.measurements[SUCCESSIVE].by_user
    return {
        "seed": settings.train.seed,
        "validation": trained.validation,
        "epochs": len(trained.history),
        "seconds": trained.seconds,
        "by_user": {name: by_user[name].tolist() for name in METRICS},
        "later_negatives": {
            name: values.tolist() for name, values in measured.later_negatives.items()
        },
    }


def _changed(train_data: TrainData, variant: Variant) -> TrainData:
    features = train_data.features
    if not variant.has_state:
        outcome = tuple(f for f in features.outcome if f.name != IS_NEGATIVE)
        features = replace(features, outcome=outcome)
    change = variant.change or (lambda windows: windows)
    return replace(
        train_data,
        features=features,
        train=change(train_data.train),
        # The same validation targets for all variants.
        validation=(
            without_negatives(train_data.validation)
            if variant.leaves_out
            else train_data.validation
        ),
        sample=without_negatives(train_data.sample) if variant.leaves_out else train_data.sample,
    )


def _without_negative_history(held_out: HeldOutData, negative: NegativeSettings) -> HeldOutData:
    """Returns the data with queries whose histories have no negative feedback."""
    kept = {
        split: ~negative_flags(negative, pa.array(raw.event_type, pa.binary()), raw.value)
        for split, raw in held_out.windows.items()
    }
    num_kept_before = {
        split: np.concatenate([[0], np.cumsum(flags)]) for split, flags in kept.items()
    }

    def moved(queries: Queries) -> Queries:
        return replace(queries, position=num_kept_before[queries.split][queries.position])

    return replace(
        held_out,
        windows={
            split: _selected(raw, kept[split], num_kept_before[split])
            for split, raw in held_out.windows.items()
        },
        protocols={
            name: replace(protocol, queries=moved(protocol.queries))
            for name, protocol in held_out.protocols.items()
        },
        negatives=None if held_out.negatives is None else moved(held_out.negatives),
    )


def _selected(
    raw: RawWindows, kept: npt.NDArray[np.bool_], num_kept_before: npt.NDArray[np.int64]
) -> RawWindows:
    return replace(
        raw,
        offsets=num_kept_before[raw.offsets],
        item_id=raw.item_id[kept],
        timestamp=raw.timestamp[kept],
        event_type=raw.event_type[kept],
        value=raw.value[kept],
        is_target=raw.is_target[kept],
        context={name: values[kept] for name, values in raw.context.items()},
    )


def _write(path: Path, run: Path, results: dict[str, list[dict[str, Any]]]) -> None:
    content = {"run": str(run), "variants": results, **environment(["tensorflow"])}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """Returns a Markdown table with one line per variant."""
    later = tuple(later_negatives_name(k) for k in LATER_NEGATIVES_CUTOFFS)
    heads = ["variant", "eval recall@10", *METRICS, *later]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    first = next(iter(results))
    reference = [_mean_by_user(results[first], key) for key in ("by_user", "later_negatives")]
    for name, runs in results.items():
        validation = np.mean([run["validation"].get("recall@10", np.nan) for run in runs])
        cells = [name, f"{validation:.4f}"]
        for key, others in zip(("by_user", "later_negatives"), reference, strict=True):
            own = _mean_by_user(runs, key)
            intervals = paired_bootstrap_intervals(
                own, {"first": others}, _BOOTSTRAP_SAMPLES, seed=17
            )
            for metric, values in own.items():
                low, high = intervals["model_minus_first"][metric]
                difference = "" if name == first else f" ({low:+.4f} to {high:+.4f})"
                cells.append(f"{values.mean():.4f}{difference}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _mean_by_user(runs: list[dict[str, Any]], key: str) -> ByUser:
    return {name: np.mean([run[key][name] for run in runs], axis=0) for name in runs[0][key]}


if __name__ == "__main__":
    sys.exit(main())
