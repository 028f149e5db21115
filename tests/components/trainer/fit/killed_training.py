"""A training in a process of its own, which can kill itself.

    python -m tests.components.trainer.fit.killed_training JSON

JSON is an object with `inputs` (fields of `TrainerInputs`), `checkpoints` (a folder or null), and
`kill`: null, or the name of an event of EVENTS and the number of times that it happens before
SIGKILL. Prints the result as JSON.
"""

import hashlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from components import files
from components.progress import progress
from components.trainer.data.read import TrainerInputs
from components.trainer.fit.averaging import WeightAverage
from components.trainer.fit.checkpoints import Checkpoints
from components.trainer.fit.train import train
from components.trainer.model.two_tower import TwoTowerModel
from schemas.model_settings import TrainSettings
from tests.components.trainer.conftest import SIZES
from tests.components.trainer.datasets import RICH, data_settings

EVENTS: dict[str, tuple[Any, str]] = {
    # After the weights of a step have changed, before its checkpoint.
    "step": (WeightAverage, "update"),
    # After the variables of a checkpoint have been written, before its state.
    "checkpoint": (files, "replace"),
    "validation": (TwoTowerModel, "evaluate"),
}
SETTINGS = TrainSettings(
    max_epochs=3,
    events_per_step=72,
    learning_rate=1e-2,
    loss="sampled_softmax",
    catalogue_negatives=8,
    history_dropout=0.1,
    max_seconds=None,
    deterministic=True,
)


def kill_at(event: str, count: int) -> None:
    """Kills this process when the event happens after `count` earlier times."""
    owner, name = EVENTS[event]
    original: Callable[..., Any] = getattr(owner, name)
    happened = 0

    def counting(*args: Any, **kwargs: Any) -> Any:
        nonlocal happened
        if happened == count:
            os.kill(os.getpid(), signal.SIGKILL)
        happened += 1
        return original(*args, **kwargs)

    setattr(owner, name, counting)


def train_once(inputs: TrainerInputs, checkpoints: str | None) -> dict[str, Any]:
    """Trains, and returns the SHA-256 of the weights, the history and the progress."""
    Checkpoints.is_due = lambda *_, **__: True  # type: ignore[method-assign]
    messages: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        messages.append(record.getMessage())
        return True

    progress.setLevel("INFO")
    progress.addFilter(keep)
    trained = train(inputs, data_settings(RICH), SIZES, SETTINGS, checkpoint_dir=checkpoints)
    digest = hashlib.sha256()
    for weight in trained.towers.weights:
        digest.update(weight.numpy().tobytes())
    return {
        "weights": digest.hexdigest(),
        "history": trained.history,
        "best_epoch": trained.best_epoch,
        "messages": messages,
    }


def main() -> None:
    """Trains, and prints the result unless the process kills itself."""
    arguments = json.loads(sys.argv[1])
    if arguments["kill"]:
        kill_at(*arguments["kill"])
    inputs = TrainerInputs(**arguments["inputs"])
    print(json.dumps(train_once(inputs, arguments["checkpoints"])))


if __name__ == "__main__":
    main()
