"""RecTools' SASRec on torch, in an environment of its own.

    PYTHON -m benchmarks.training.rectools_sasrec LOG …

The loss is RecTools' softmax over the whole catalogue; what is not a size is RecTools' default. It
trains on the last `history` + 1 events of each user, and leaves out earlier ones.
"""

import sys
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as lightning
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel

from benchmarks.training.measurement import CUTOFF, StepClock, measurement
from benchmarks.training.options import program_parser
from benchmarks.training.sequences import SequenceLog, load


class _Clock(lightning.Callback):
    def __init__(self, clock: StepClock):
        self.clock = clock

    def on_train_batch_end(
        self, trainer: Any, module: Any, outputs: Any, batch: Any, _: int
    ) -> None:
        self.clock.step(int((batch["y"] != 0).sum()))


def interactions(log: SequenceLog) -> pd.DataFrame:
    """Returns the events that are not held out, a second apart."""
    user = np.repeat(np.arange(len(log.lengths)), log.lengths)
    kept = np.setdiff1d(np.arange(len(log.items)), log.ends)
    return pd.DataFrame(
        {
            Columns.User: user[kept],
            Columns.Item: log.items[kept],
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(kept, unit="s"),
        }
    )


def main() -> int:
    """Trains, prints the measurement as JSON, and returns 0."""
    options = program_parser("rectools_sasrec").parse_args()
    log = load(options.log)
    clock = StepClock(options.seconds)
    dataset = Dataset.construct(interactions(log))

    def trainer() -> lightning.Trainer:
        return lightning.Trainer(
            accelerator="cpu",
            max_epochs=options.epochs,
            max_time=timedelta(seconds=options.seconds),
            callbacks=[_Clock(clock)],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )

    model = SASRecModel(
        n_blocks=2,
        n_factors=options.dim,
        session_max_len=options.history,
        batch_size=options.batch,
        epochs=options.epochs,
        loss="softmax",
        get_trainer_func=trainer,
        recommend_torch_device="cpu",
    )
    model.fit(dataset)
    # RecTools trains with a copy of the trainer, and so of the clock.
    callbacks = model.fit_trainer.callbacks
    clock = next(callback.clock for callback in callbacks if isinstance(callback, _Clock))
    users = np.arange(len(log.lengths))
    lists = model.recommend(users, dataset, k=CUTOFF, filter_viewed=True)
    held_out = log.items[log.ends]
    hits = (lists[Columns.Item].to_numpy() == held_out[lists[Columns.User].to_numpy()]).sum()
    measurement(clock, hits / len(users)).print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
