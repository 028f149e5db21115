"""Ten days of daily training: from random weights, and from the towers of the day before.

    python -m benchmarks.warm_start RUN [--days 10] [--users N] [--json FILE]

RUN is the output folder of a finished run, for example runs/demo. On each of the last days of its
log, one training starts from random weights (`scratch`) and one from the warm towers of the day
before (`warm`), with a quarter of the epochs. Both learn the targets before the day, with rows for
the items and users that have occurred by then, and are compared on the targets of the day, by the
interval of the difference paired by user. The first warm training starts from the `scratch` towers
of the day before. `--users` samples users, which makes the log smaller. Prints a table on stdout.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow_transform as tft
import tf_keras as keras

from benchmarks.environment import environment
from benchmarks.finished_run import RunArtifacts, find_artifacts, write_run_config
from components.examples.shards import split_files
from components.refit.sequences import UserSequences, user_sequences
from components.refit.target_ranks import rank_targets
from components.refit.whole_log import read_whole_log
from components.trainer.data.candidates import CandidateTable
from components.trainer.data.id_vocabularies import IdVocabularies
from components.trainer.data.read import TrainData
from components.trainer.data.read_windows import WindowsReader
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows, joined, with_targets
from components.trainer.fit.loop import fit_model
from components.trainer.fit.recipe import Recipe, warm_recipe
from components.trainer.fit.train import build_model
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.state.training_state import TrainingState, read_state, recipe_of, state_of
from components.trainer.state.transfer import transfer_weights
from components.trainer.state.vocabularies import Vocabulary, tower_vocabularies
from pipeline.config import load_settings
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError
from schemas.events import SECONDS_PER_DAY
from schemas.features import TEST_SPLIT, TIMESTAMP, USER_ID

_METRIC = "ndcg@10"
_METRICS = ("recall@10", _METRIC)
_SEED = 17


@dataclass(frozen=True)
class DailyLog:
    """The log of a run as sequences of users, with ids in the order of their first occurrence.

    Attributes:
      candidates: The candidate table; items are in the order of their first occurrence.
      vocabularies: The ids of items and users in the order of their first occurrence.
      reader: The features of the towers.
      sequences: The events of each user.
      first_item_s: [num_vocabulary] int64, ascending: the time of each item's first event.
      first_user_s: [num_users] int64, ascending: the time of each user's first event.
      max_history: The largest number of events before a target that the model reads.
      inputs: The artifacts of the run.
    """

    candidates: CandidateTable
    vocabularies: IdVocabularies
    reader: WindowsReader
    sequences: UserSequences
    first_item_s: npt.NDArray[np.int64]
    first_user_s: npt.NDArray[np.int64]
    max_history: int
    inputs: RunArtifacts

    def until(self, end_s: int) -> TrainData:
        """Returns the data of a training on the targets up to an instant."""
        windows = self.reader.merged(self.sequences.cut(self.max_history, end_s))
        nothing = windows.selected(np.empty(0, np.int64))
        num_items = int(np.searchsorted(self.first_item_s, end_s, side="right"))
        num_users = int(np.searchsorted(self.first_user_s, end_s, side="right"))
        ids = self.vocabularies
        known = IdVocabularies(ids.items[:num_items], ids.users[:num_users])
        users = np.minimum(windows.user[USER_ID], num_users)
        windows = replace(windows, user={**windows.user, USER_ID: users})
        features = replace(
            self.reader.features,
            user_id=replace(self.reader.features.user_id, num_values=num_users),
        )
        candidates = replace(self.candidates, num_vocabulary=num_items)
        return TrainData(
            features=features,
            candidates=candidates,
            vocabularies=known,
            train=windows,
            validation=nothing,
            num_eval_targets=0,
            new_users=nothing,
            available_rows=candidates.rows_available_by(end_s),
            sample_split="train",
            sample=with_targets(windows, 8),
            excludes_history=self.reader.excludes_history,
        )

    def targets_of_day(self, start_s: int) -> TransformedWindows:
        """Returns windows with the targets of the day that starts at an instant."""
        end_s = start_s + SECONDS_PER_DAY
        windows = self.reader.merged(self.sequences.cut(self.max_history, end_s))
        is_of_day = windows.events[TIMESTAMP] > start_s
        weight = np.where(is_of_day, windows.events[WEIGHT], np.float32(0.0))
        return with_targets(replace(windows, events={**windows.events, WEIGHT: weight}))

    def tables(self, data: TrainData, recipe: Recipe) -> dict[str, Vocabulary]:
        """Returns the vocabularies of the towers of a day."""
        inputs = self.inputs.inputs
        return tower_vocabularies(
            data.features,
            data.vocabularies,
            tft.TFTransformOutput(inputs.windows_graph),
            tft.TFTransformOutput(inputs.catalogue_graph),
            recipe.model,
        )


def main(arguments: list[str] | None = None) -> int:
    """Trains and prints the table; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--users", type=int)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    quieten()
    try:
        artifacts = find_artifacts(options.run)
        state = read_state(artifacts.model)
        log = _read(options.run, artifacts, options.users)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.BAD_INPUT
    rows = list(_days(log, recipe_of(state), state.best_epoch, options.days))
    print(table(rows))
    if options.json:
        result = {"days": rows, **environment(["tensorflow"])}
        options.json.write_text(json.dumps(result, indent=1))
    return ExitCode.PUSHED


def _read(run: Path, artifacts: RunArtifacts, max_users: int | None) -> DailyLog:
    with tempfile.TemporaryDirectory() as folder:
        data = load_settings(str(write_run_config(run, Path(folder)))).data
    log = read_whole_log(
        artifacts.inputs, split_files(artifacts.transformed_windows, TEST_SPLIT), data
    )
    whole = user_sequences(joined([log.train, log.sequences.windows])).windows
    if max_users is not None and max_users < len(whole):
        drawn = np.random.default_rng(_SEED).choice(len(whole), max_users, replace=False)
        whole = whole.selected(np.sort(drawn))
    return _in_order_of_first_occurrence(log.reader, whole, data.history.max_length, artifacts)


def _in_order_of_first_occurrence(
    reader: WindowsReader,
    windows: TransformedWindows,
    max_history: int,
    artifacts: RunArtifacts,
) -> DailyLog:
    """Numbers the items and users anew, so that those known at an instant come first."""
    time_s = windows.events[TIMESTAMP]
    item_order, item_s = _order(windows.events[ROW], time_s, reader.candidates.missing_row)
    user = np.repeat(windows.user[USER_ID], windows.lengths)
    user_order, user_s = _order(user, time_s, len(reader.vocabularies.users))
    ids = reader.vocabularies
    candidates = _reordered(reader.candidates, item_order)
    items = tuple(candidates.item_id[: len(item_s)])
    renumbered = replace(
        windows,
        events={**windows.events, ROW: _ranks(item_order)[windows.events[ROW]]},
        user={**windows.user, USER_ID: _ranks(user_order)[windows.user[USER_ID]]},
    )
    known = IdVocabularies(items, tuple(ids.users[index] for index in user_order[: len(user_s)]))
    return DailyLog(
        candidates,
        known,
        reader,
        UserSequences(renumbered),
        item_s,
        user_s,
        max_history,
        artifacts,
    )


def _order(
    numbers: npt.NDArray[np.int32], time_s: npt.NDArray[np.int64], size: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns all numbers by first occurrence, and the times of those that occur."""
    first_s = np.full(size, np.iinfo(np.int64).max)
    is_known = numbers < size
    np.minimum.at(first_s, numbers[is_known], time_s[is_known])
    order = np.argsort(first_s, kind="stable")
    num_occurring = np.count_nonzero(first_s < np.iinfo(np.int64).max)
    return order, first_s[order][:num_occurring]


def _ranks(order: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Returns the new number of each number; one more for an unknown one."""
    ranks = np.empty(len(order) + 1, np.int32)
    ranks[order] = np.arange(len(order))
    ranks[-1] = len(order)
    return ranks


def _reordered(candidates: CandidateTable, order: npt.NDArray[np.int64]) -> CandidateTable:
    rows = np.append(order, candidates.missing_row)
    return replace(
        candidates,
        item_id=candidates.item_id[order],
        available_at=candidates.available_at[order],
        columns={name: values[rows] for name, values in candidates.columns.items()},
    )


def _days(log: DailyLog, recipe: Recipe, num_epochs: int, days: int) -> Iterator[dict[str, Any]]:
    scratch_recipe = replace(recipe, train=replace(recipe.train, max_epochs=num_epochs))
    events = log.sequences.windows.events
    end_s = int(events[TIMESTAMP][events[WEIGHT] > 0].max())
    state: TrainingState | None = None
    for day in range(days + 1):
        start_s = end_s - (days + 1 - day) * SECONDS_PER_DAY
        data, scored = log.until(start_s), log.targets_of_day(start_s)
        models = {"scratch": _trained(log, data, scratch_recipe, None)}
        if state is not None:
            warm = warm_recipe(scratch_recipe, "of the day before")
            models["warm"] = _trained(log, data, warm, state)
        latest = models.get("warm", models["scratch"])
        state = state_of(latest.towers, recipe, num_epochs, start_s, log.tables(data, recipe))
        if "warm" in models:
            yield _record(day, data, models, scored, num_epochs)
        keras.backend.clear_session()


def _trained(
    log: DailyLog, data: TrainData, recipe: Recipe, state: TrainingState | None
) -> TwoTowerModel:
    keras.utils.set_random_seed(recipe.train.seed)
    model = build_model(data, recipe)
    if state is not None:
        transfer_weights(state, model.towers, recipe.model, log.tables(data, recipe))
    fit_model(model, data.train, None, recipe.train)
    return model


def _record(
    day: int,
    data: TrainData,
    models: dict[str, TwoTowerModel],
    scored: TransformedWindows,
    num_epochs: int,
) -> dict[str, Any]:
    ranks = {name: rank_targets(model.towers, scored) for name, model in models.items()}
    compared = ranks["warm"].compared_with(ranks["scratch"], _METRIC, _SEED)
    return {
        "day": day,
        "learned_targets": data.train.num_targets,
        "items": len(data.vocabularies.items),
        "scored_targets": scored.num_targets,
        "epochs": {"scratch": num_epochs, "warm": ceil(num_epochs / 4)},
        **{
            name: {metric: float(of_model.by_user(metric).mean()) for metric in _METRICS}
            for name, of_model in ranks.items()
        },
        "difference": compared.difference,
        "interval": [compared.low, compared.high],
        "verdict": compared.verdict(0.05 * compared.other).value,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Returns a Markdown table with one line per day."""
    lines = [
        "| day | learned | items | scored | epochs scratch / warm | scratch recall@10 / ndcg@10 | "
        "warm recall@10 / ndcg@10 | ndcg@10 warm – scratch (95 % interval) |",
        f"|{'---|' * 8}",
    ]
    for row in rows:
        metrics = {
            name: " / ".join(f"{row[name][metric]:.4f}" for metric in _METRICS)
            for name in ("scratch", "warm")
        }
        low, high = row["interval"]
        lines.append(
            f"| {row['day']} | {row['learned_targets']:,} | {row['items']:,} | "
            f"{row['scored_targets']:,} | {row['epochs']['scratch']} / {row['epochs']['warm']} | "
            f"{metrics['scratch']} | {metrics['warm']} | "
            f"{row['difference']:+.4f} ({low:+.4f} to {high:+.4f}) |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
