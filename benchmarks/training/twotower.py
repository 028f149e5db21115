"""The project's trainer: `python -m benchmarks.training.twotower LOG …`.

The sizes are those that the recipe chooses for MovieLens-1M: two blocks of convolutions and the
softmax over the catalogue. With `--history 0`, queries are embeddings of users, and the loss is the
sampled softmax over the targets of the step.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import tf_keras as keras

from benchmarks.training.breakdown import breakdown
from benchmarks.training.measurement import StepClock, measurement, recall_of
from benchmarks.training.options import program_parser
from benchmarks.training.sequences import Integers, SequenceLog, load
from components.refit.target_ranks import rank_targets
from components.trainer.data.candidates import CandidateTable
from components.trainer.data.features import InputFeature, TowerFeatures
from components.trainer.data.id_vocabularies import IdVocabularies
from components.trainer.data.read import TrainData
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from components.trainer.fit.loop import fit_model
from components.trainer.fit.recipe import Recipe
from components.trainer.fit.train import build_model
from components.trainer.plan import EncoderPlan, ModelPlan, TrainPlan
from schemas.features import MISSING_INTEGER, TIMESTAMP, USER_ID
from schemas.source_settings import FeatureKind

_SEED = 17
# No id is hashed.
_MAX_IDS = 1 << 30


def windows_of(log: SequenceLog, history: int) -> TransformedWindows:
    """Returns overlapping windows in which targets have at least half the history, if there is one.

    Args:
      log: The log, whose held-out events are left out.
      history: The number of events of a window; 0 gives windows of one event.
    """
    size, stride = max(1, history), max(1, history // 2)
    user, start, stop, first_target = [], [], [], []
    for index, (begin, end) in enumerate(zip(log.starts, log.ends, strict=True)):
        first = begin
        while True:
            user.append(index)
            start.append(first)
            stop.append(min(first + size, end))
            first_target.append(first if first == begin else stop[-2])
            if stop[-1] >= end:
                break
            first += stride
    return _windows(log, *(np.array(values) for values in (user, start, stop, first_target)))


def held_out_windows(log: SequenceLog, history: int) -> TransformedWindows:
    """Returns a window for each user, whose last event, the held-out one, is the target."""
    start = np.maximum(log.starts, log.ends - history)
    user = np.arange(len(log.lengths))
    return _windows(log, user, start, log.ends + 1, log.ends)


def _windows(
    log: SequenceLog, user: Integers, start: Integers, stop: Integers, first_target: Integers
) -> TransformedWindows:
    lengths = stop - start
    window = np.repeat(np.arange(len(start)), lengths)
    position = np.arange(lengths.sum()) - (np.cumsum(lengths) - lengths)[window] + start[window]
    return TransformedWindows(
        lengths=lengths,
        user={USER_ID: user},
        events={
            ROW: log.items[position].astype(np.int32),
            WEIGHT: (position >= first_target[window]).astype(np.float32),
            TIMESTAMP: position,
        },
        padding={ROW: log.num_items, WEIGHT: 0.0, TIMESTAMP: MISSING_INTEGER},
    )


def train_data(log: SequenceLog, history: int) -> TrainData:
    """Returns the data of a training whose only features are ids and the order of events."""
    item_id = np.array([f"{item}".encode() for item in range(log.num_items)], dtype=object)
    candidates = CandidateTable(
        item_id, np.full(log.num_items, MISSING_INTEGER, np.int64), log.num_items, {}
    )
    users = tuple(f"{user}".encode() for user in range(len(log.lengths)))
    validation = held_out_windows(log, history)
    return TrainData(
        features=TowerFeatures(
            InputFeature(USER_ID, FeatureKind.CATEGORY, len(users)), (), (), (), ()
        ),
        candidates=candidates,
        vocabularies=IdVocabularies(tuple(item_id), users),
        train=windows_of(log, history),
        validation=validation,
        num_eval_targets=validation.num_targets,
        new_users=validation,
        available_rows=np.arange(log.num_items, dtype=np.int32),
        sample_split="eval",
        sample=validation,
        excludes_history=True,
    )


def recipe(options: argparse.Namespace) -> Recipe:
    """Returns the plan of the training."""
    has_history = options.history > 0
    encoder = EncoderPlan(
        kind="convolution" if has_history else "mean",
        num_blocks=2 if has_history else 1,
        num_heads=8,
        dropout=0.2,
    )
    model = ModelPlan(
        dim=options.dim,
        hidden_dim=2 * options.dim,
        user_id_embedding=not has_history,
        max_item_ids=_MAX_IDS,
        max_user_ids=_MAX_IDS,
        share_item_table=False,
        recent_popularity=False,
        encoder=encoder,
    )
    train = TrainPlan(
        loss="full_softmax" if has_history else "sampled_softmax",
        max_epochs=options.epochs,
        patience=options.epochs,
        events_per_step=options.batch,
        learning_rate=3e-3,
        in_batch_negatives=0 if has_history else options.batch,
        catalogue_negatives=2048 if has_history else 0,
        max_seconds=options.seconds,
        mixed_precision=False,
        seed=_SEED,
        deterministic=False,
    )
    return Recipe(model, train, ())


def _timed(step: Callable[..., Any], clock: StepClock, mean_targets: float) -> Callable[..., Any]:
    def timed_step(iterator: Any) -> Any:
        logs = step(iterator)
        clock.step(mean_targets)
        return logs

    return timed_step


def main() -> int:
    """Trains, prints the measurement as JSON, and returns 0."""
    parser = program_parser("twotower")
    parser.add_argument("--breakdown", action="store_true")
    options = parser.parse_args()
    log = load(options.log)
    clock = StepClock(options.seconds)
    keras.utils.set_random_seed(_SEED)
    data, plan = train_data(log, options.history), recipe(options)
    model = build_model(data, plan)
    if options.breakdown:
        for part, seconds in breakdown(model, data, plan.train).items():
            print(f"{part}\t{seconds}")
        return 0
    model.train_function = _timed(model.make_train_function(), clock, model.weight_per_step)
    # The other programs do not validate, and report their last weights, too.
    fit_model(model, data.train, None, plan.train)
    ranked = rank_targets(model.towers, data.validation)
    queries = np.empty_like(ranked.queries)
    queries[ranked.users] = ranked.queries
    measurement(clock, recall_of(log, queries, ranked.candidates)).print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
