"""What a refit gains: towers that learned split train alone, or later events too, on the newest.

    python -m benchmarks.freshness RUN [--plan NAME=VALUE,…]... [--json FILE]

RUN is the output folder of a finished run, for example runs/demo. Its proven towers are compared on
the newer half of split test (`none`) with the same towers after their training was continued on
split eval and the older half of split test (`continue`), and with new towers that were trained on
split train and these windows for as many epochs (`full`; with the transform graph of the run). Each
`--plan` adds a row with other values of `components.refit.continuation.ContinuationPlan`. Intervals
are those of the difference from `none`, paired by user. Prints a table on stdout.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import tensorflow_transform as tft

from benchmarks.environment import environment
from benchmarks.finished_run import find_artifacts, write_run_config
from components.examples.shards import split_files
from components.refit.continuation import (
    ContinuationPlan,
    continue_training,
    proven_model,
    train_anew,
)
from components.refit.rehearsal import METRICS
from components.refit.target_ranks import TargetRanks, rank_targets
from components.refit.whole_log import WholeLog, read_whole_log
from components.trainer.data.windows import TransformedWindows, joined
from components.trainer.model.towers import RetrievalTowers
from components.trainer.state.training_state import TrainingState, read_state, recipe_of
from components.trainer.state.vocabularies import Vocabulary, tower_vocabularies
from pipeline.config import load_settings
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError
from schemas.features import TEST_SPLIT

_SEED = 17


@dataclass(frozen=True)
class _Setting:
    """What all rows of the table have in common."""

    state: TrainingState
    vocabularies: dict[str, Vocabulary]
    log: WholeLog
    learned: TransformedWindows
    scored: TransformedWindows


@dataclass(frozen=True)
class Row:
    """The ranks of one kind of refit.

    Attributes:
      name: The kind of refit, and the plan if it is not the default.
      seconds: The duration of the training.
      ranks: The ranks of the newest targets.
    """

    name: str
    seconds: float
    ranks: TargetRanks


def main(arguments: list[str] | None = None) -> int:
    """Trains and prints the table; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--plan", action="append", default=[], type=parse_plan)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    quieten()
    try:
        setting = _read(options.run)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.BAD_INPUT
    rows = _rows(setting, options.plan)
    records = [_record(row, rows[0]) for row in rows]
    print(_table(records, setting))
    if options.json:
        options.json.write_text(
            json.dumps({"rows": records, **environment(["tensorflow"])}, indent=1)
        )
    return ExitCode.PUSHED


def parse_plan(text: str) -> ContinuationPlan:
    """Returns the plan of a list `name=value,…`.

    >>> parse_plan("epochs=3,average_epochs=0.25")
    ... # doctest: +ELLIPSIS
    ContinuationPlan(epochs=3, share_of_learning_rate=..., average_epochs=0.25)
    """
    types = {
        entry.name: int if entry.name == "epochs" else float for entry in fields(ContinuationPlan)
    }
    values: dict[str, Any] = {}
    for part in text.split(","):
        name, separator, value = part.partition("=")
        if not separator or name not in types:
            raise argparse.ArgumentTypeError(
                f"{part!r}: give one of {', '.join(types)} as NAME=VALUE"
            )
        values[name] = types[name](value)
    return ContinuationPlan(**values)


def _read(run: Path) -> _Setting:
    artifacts = find_artifacts(run)
    with tempfile.TemporaryDirectory() as folder:
        data = load_settings(str(write_run_config(run, Path(folder)))).data
    log = read_whole_log(
        artifacts.inputs, split_files(artifacts.transformed_windows, TEST_SPLIT), data
    )
    middle_s = log.middle_of_test_s()
    state = read_state(artifacts.model)
    return _Setting(
        state,
        tower_vocabularies(
            log.reader.features,
            log.reader.vocabularies,
            tft.TFTransformOutput(artifacts.inputs.windows_graph),
            tft.TFTransformOutput(artifacts.inputs.catalogue_graph),
            recipe_of(state).model,
        ),
        log,
        log.learned_until(middle_s),
        log.targets_after(middle_s),
    )


def _rows(setting: _Setting, plans: list[ContinuationPlan]) -> list[Row]:
    state, log = setting.state, setting.log
    proven = proven_model(state, setting.vocabularies, log)
    rows = [_ranked("none", 0.0, proven.towers, setting)]
    for plan in [ContinuationPlan(), *plans]:
        started = time.monotonic()
        refitted = continue_training(state, setting.vocabularies, log, setting.learned, plan)
        name = "continue" if plan == ContinuationPlan() else f"continue, {_changes(plan)}"
        rows.append(_ranked(name, time.monotonic() - started, refitted.model.towers, setting))
    started = time.monotonic()
    anew = train_anew(state, log, joined([log.train, setting.learned]))
    rows.append(_ranked("full", time.monotonic() - started, anew.model.towers, setting))
    return rows


def _ranked(name: str, seconds: float, towers: RetrievalTowers, setting: _Setting) -> Row:
    return Row(name, seconds, rank_targets(towers, setting.scored))


def _changes(plan: ContinuationPlan) -> str:
    default = ContinuationPlan()
    return ", ".join(
        f"{entry.name} {getattr(plan, entry.name):g}"
        for entry in fields(plan)
        if getattr(plan, entry.name) != getattr(default, entry.name)
    )


def _record(row: Row, base: Row) -> dict[str, Any]:
    compared = {name: row.ranks.compared_with(base.ranks, name, _SEED) for name in METRICS}
    return {
        "name": row.name,
        "seconds": row.seconds,
        **{name: comparison.value for name, comparison in compared.items()},
        "difference": {name: comparison.difference for name, comparison in compared.items()},
        "interval": {name: [c.low, c.high] for name, c in compared.items()},
    }


def _table(records: list[dict[str, Any]], setting: _Setting) -> str:
    lines = [
        f"{setting.scored.num_targets:,} targets, after {setting.learned.num_targets:,} learned "
        f"ones and {setting.log.train.num_targets:,} of split train",
        "",
        f"| refit | {' | '.join(METRICS)} | ndcg@10 – none (95 % interval) | seconds |",
        f"|---|{'---|' * (len(METRICS) + 2)}",
    ]
    for record in records:
        low, high = record["interval"]["ndcg@10"]
        values = " | ".join(f"{record[name]:.4f}" for name in METRICS)
        difference = f"{record['difference']['ndcg@10']:+.4f} ({low:+.4f} to {high:+.4f})"
        lines.append(f"| {record['name']} | {values} | {difference} | {record['seconds']:.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
