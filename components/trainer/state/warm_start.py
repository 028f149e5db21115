"""Starts a training from the towers of the version that serves.

The proven towers of that version are used, not those that it serves: after a refit, these have
learned the end of the log, which is held out now.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

from components.progress import progress
from components.trainer.model.towers import RetrievalTowers
from components.trainer.plan import ModelPlan
from components.trainer.state.training_state import TrainingState, read_state
from components.trainer.state.transfer import TransferredRows, transfer_weights
from components.trainer.state.vocabularies import Vocabulary
from schemas.errors import InputError


@dataclass(frozen=True)
class WarmStart:
    """The version from which a training starts.

    Attributes:
      version: The version.
      content_hash: The hash of its content; with the version, it keys the cache of the training.
      towers_path: The folder of its proven towers.
    """

    version: str
    content_hash: str
    towers_path: str

    def to_json(self) -> str:
        """Returns the JSON text that `read_warm_start` reads."""
        return json.dumps(asdict(self), sort_keys=True)


def read_warm_start(text: str) -> WarmStart | None:
    """Returns the version of a JSON text; None for an empty text."""
    return WarmStart(**json.loads(text)) if text else None


@dataclass(frozen=True)
class StartingPoint:
    """The state of another training, and the vocabularies to which its tables are moved.

    Attributes:
      base: The version of the state.
      state: The state.
      vocabularies: The vocabularies of the new training.
    """

    base: WarmStart
    state: TrainingState
    vocabularies: Mapping[str, Vocabulary]

    def move_into(self, towers: RetrievalTowers, plan: ModelPlan) -> dict[str, TransferredRows]:
        """Assigns the weights to towers; how users without a history are ranked is left open.

        Raises:
          InputError: The state is of towers with other features, sizes or parts.
        """
        moved = transfer_weights(self.state, towers, plan, dict(self.vocabularies))
        towers.query_tower.clear_cold_start_weights()
        for name, rows in moved.items():
            progress.info(
                "warm start from version %s: %s: %d rows kept, %d new, %d dropped",
                self.base.version,
                name,
                rows.kept,
                rows.new,
                rows.dropped,
            )
        return moved


def starting_point(
    base: WarmStart, vocabularies: Mapping[str, Vocabulary], train_end_s: int
) -> StartingPoint:
    """Reads the state of a version.

    Args:
      base: The version.
      vocabularies: The vocabularies of the new training.
      train_end_s: The time of the last target of the new training, seconds since the epoch, UTC.

    Raises:
      InputError: The version has no state, or the log has no new event. The state of a training
        that ended later would know the time that is held out now.
    """
    state = read_state(base.towers_path)
    if train_end_s <= state.train_end_s:
        raise InputError(
            f"train.warm_start: split train ends at {_instant(train_end_s)}, and the towers of "
            f"version {base.version} have learned the log until {_instant(state.train_end_s)}, so "
            "there is no new event to learn: add the newer part of the log, or set "
            "train.warm_start to false"
        )
    return StartingPoint(base, state, vocabularies)


def _instant(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, tz=timezone.utc).isoformat()
