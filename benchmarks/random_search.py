"""Validation recall of the recipe compared with a random search over twelve settings.

    python -m benchmarks.random_search RUN [--trials 30] [--seed 1] [--set KEY.SUB=VALUE]...
        [--json FILE]

RUN is the output folder of a run, for example runs/demo. The recipe and every trial are trained on
the same windows and compared by their best validation recall on split eval, the metric that the
recipe was chosen by; the test split is not read. The best of many trials on the same validation
targets is an optimistic estimate. Prints a table on stdout, the best trial first.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tf_keras as keras

from benchmarks.environment import environment
from benchmarks.finished_run import RunArtifacts, find_artifacts, write_run_config
from components.trainer.fit.train import train
from pipeline.config import load_settings
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError
from schemas.settings import Settings

RECIPE = "the recipe"
METRIC = "recall@10"
# A trial draws each setting uniformly from its values; `--set` overrides the draw.
SPACE: dict[str, tuple[Any, ...]] = {
    "model.dim": (32, 64, 96, 128),
    "model.feature_dim": (16, 32),
    "model.share_item_table": (True, False),
    "model.encoder.kind": ("decayed", "convolution", "transformer"),
    "model.encoder.num_blocks": (1, 2, 3),
    "model.encoder.dropout": (0.1, 0.2, 0.3, 0.4, 0.5),
    "train.learning_rate": (1e-3, 2e-3, 3e-3, 4e-3, 6e-3),
    "train.events_per_step": (1024, 2048, 4096, 6400),
    "train.id_dropout": (0.0, 0.03, 0.1, 0.2),
    "train.feature_dropout": (0.0, 0.05, 0.1),
    "train.history_dropout": (0.0, 0.03, 0.1),
    "train.average_epochs": (0.5, 1.5, 3.0),
}


def main() -> int:
    """Prints the table and returns 0; 2 for an invalid run folder or setting."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.random_search", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("run", type=Path, help="output folder of a finished run")
    parser.add_argument(
        "--trials", type=int, default=30, help="number of trials (default %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the draws (default %(default)s)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY.SUB=VALUE",
        help="setting of the recipe and all trials, as in `twotower run --set`; repeatable",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write all results to this file, after each trial"
    )
    options = parser.parse_args()
    quieten()
    try:
        rows = _search(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(ExitCode.BAD_INPUT)
    print(table(rows))
    return 0


def _search(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    artifacts = find_artifacts(options.run)
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        config = str(write_run_config(options.run, Path(folder)))
        for name, drawn in draw_trials(options.trials, options.seed).items():
            print(f"== {name}: {' '.join(drawn)}", file=sys.stderr)
            settings = load_settings(config, [*drawn, *options.set])
            rows[name] = {"drawn": drawn, **_train_trial(settings, artifacts)}
            keras.backend.clear_session()
            if options.json:
                result = {"run": str(options.run), "trials": rows, **environment(["tensorflow"])}
                options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return rows


def draw_trials(num_trials: int, seed: int) -> dict[str, list[str]]:
    """Returns the settings of the recipe and of each trial, by name.

    Settings have the syntax of `twotower run --set`; the recipe, the first entry, has none.
    """
    generator = np.random.default_rng(seed)
    trials: dict[str, list[str]] = {RECIPE: []}
    for number in range(1, num_trials + 1):
        drawn = {key: values[generator.integers(len(values))] for key, values in SPACE.items()}
        trials[f"trial {number}"] = [
            f"{key}={json.dumps(value).strip(chr(34))}" for key, value in drawn.items()
        ]
    return trials


def _train_trial(settings: Settings, artifacts: RunArtifacts) -> dict[str, Any]:
    try:
        trained = train(artifacts.inputs, settings.data, settings.model, settings.train)
    except RuntimeError as error:
        return {"validation": {METRIC: 0.0}, "epochs": 0, "seconds": 0.0, "failed": str(error)}
    if METRIC not in trained.validation:
        raise InputError(
            f"split eval has no target, so the trials have no {METRIC}: use a run whose split eval "
            "has targets"
        )
    return {
        "validation": trained.validation,
        "epochs": len(trained.history),
        "seconds": trained.seconds,
    }


def table(rows: dict[str, dict[str, Any]]) -> str:
    """Returns a Markdown table, the best trial first, and the recipe's share of the best recall."""
    lines = [f"| trial | eval {METRIC} | epochs | seconds | settings |", "|---|---|---|---|---|"]
    recall = {name: row["validation"][METRIC] for name, row in rows.items()}
    for name in sorted(rows, key=lambda name: -recall[name]):
        row = rows[name]
        cells = [f"{recall[name]:.4f}", str(row["epochs"]), f"{row['seconds']:.0f}"]
        if "failed" in row:
            cells[0] = f"diverged: {row['failed']}"
        lines.append(f"| {name} | {' | '.join(cells)} | {' '.join(row['drawn'])} |")
    share = recall[RECIPE] / max(value for name, value in recall.items() if name != RECIPE)
    lines.append(f"\nThe recipe reaches {share:.1%} of the best of {len(rows) - 1} trials.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
