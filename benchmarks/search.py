"""How far the recipe is from the best of a random search, on the examples of a finished run.

    python -m benchmarks.search RUN [--trials 30] [--seed 1] [--set KEY.SUB=VALUE]... [--json FILE]

RUN is the output folder of a run, say runs/demo. The recipe and every trial train on the same
windows and are compared by the best validation recall on split eval, which is what the recipe was
chosen by; the test split is not read. The best of many draws on the same validation targets is an
optimistic number. Prints the table on stdout, the best trial first.
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
from benchmarks.finished_run import Examples, config_of, examples_of
from components.trainer.fit.train import train
from pipeline.config import load_settings
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError
from schemas.settings import Settings

RECIPE = "the recipe"
METRIC = "recall@10"
# What a trial draws from, value by value, evenly; `--set` settles what it names.
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
    """Prints the table and returns 0; 2 for an unfit run or setting."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search")
    parser.add_argument("run", type=Path, help="the output folder of a finished run")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1, help="of the draws")
    parser.add_argument("--set", action="append", default=[], metavar="KEY.SUB=VALUE")
    parser.add_argument("--json", type=Path, help="file for all trials, written after each")
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
    examples = examples_of(options.run)
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        config = str(config_of(options.run, Path(folder)))
        for name, draw in trials(options.trials, options.seed).items():
            print(f"== {name}: {' '.join(draw)}", file=sys.stderr)
            settings = load_settings(config, [*draw, *options.set])
            rows[name] = {"drawn": draw, **_trial(settings, examples)}
            keras.backend.clear_session()
            if options.json:
                told = {"run": str(options.run), "trials": rows, **environment(["tensorflow"])}
                options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return rows


def trials(num_trials: int, seed: int) -> dict[str, list[str]]:
    """By name: what differs from the recipe, as `twotower run --set` takes it."""
    generator = np.random.default_rng(seed)
    drawn: dict[str, list[str]] = {RECIPE: []}
    for number in range(1, num_trials + 1):
        values = {key: choices[generator.integers(len(choices))] for key, choices in SPACE.items()}
        drawn[f"trial {number}"] = [
            f"{key}={json.dumps(value).strip(chr(34))}" for key, value in values.items()
        ]
    return drawn


def _trial(settings: Settings, examples: Examples) -> dict[str, Any]:
    try:
        trained = train(examples.inputs, settings.data, settings.model, settings.train)
    except RuntimeError as error:
        return {"validation": {METRIC: 0.0}, "epochs": 0, "seconds": 0.0, "failed": str(error)}
    if METRIC not in trained.validation:
        raise InputError(f"split eval has no target, so there is no {METRIC} to compare by")
    return {
        "validation": trained.validation,
        "epochs": len(trained.history),
        "seconds": trained.seconds,
    }


def table(rows: dict[str, dict[str, Any]]) -> str:
    """A Markdown table, the best first, and the recipe's share of the best."""
    lines = [f"| | eval {METRIC} | epochs | seconds | drawn |", "|---|---|---|---|---|"]
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
