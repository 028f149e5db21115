"""Checkpoints of a training, from which it goes on after its process has ended.

A checkpoint is a folder with the variables, written by `tf.train.Checkpoint`, and STATE_FILE, which
contains the rest of the state and the SHA-256 of each other file. STATE_FILE is written last and by
one rename, so that a folder without it is the incomplete checkpoint of a process that has ended.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import tensorflow as tf

from components import files
from components.progress import progress

STATE_FILE = "state.json"
_VARIABLES = "variables"
# Within an epoch, a checkpoint is written after this time, and later if writing takes a larger
# share of the time than the following.
_SECONDS_BETWEEN = 60.0
_LARGEST_SHARE = 0.05
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class LoopState:
    """The state of a training, apart from its variables.

    Attributes:
      epoch: The number of finished epochs.
      step: The number of finished steps of the epoch under way.
      elapsed_s: The duration of training and validation.
      best_epoch: The best finished epoch, from 1; 0 before the end of the first epoch.
      best_value: The validation result of the best epoch.
      history: One record per finished epoch.
    """

    epoch: int = 0
    step: int = 0
    elapsed_s: float = 0.0
    best_epoch: int = 0
    best_value: float = float("-inf")
    history: list[dict[str, float]] = field(default_factory=list)


class Checkpoints:
    """The checkpoints of one training in a folder of its own, of which the last one is kept."""

    def __init__(self, folder: str, seconds_between: float = _SECONDS_BETWEEN):
        """Prepares the checkpoints.

        Args:
          folder: A folder for this training alone: its path depends on everything that determines
            the training, such as settings and data.
          seconds_between: The time between two checkpoints within an epoch.
        """
        self._folder = folder
        self._seconds_between = seconds_between
        self._last_ended = time.monotonic()
        self._last_duration = 0.0

    def is_due(self, ends_epoch: bool) -> bool:
        """Returns whether a checkpoint should be written now."""
        pause = self._last_duration / _LARGEST_SHARE
        if not ends_epoch:
            pause = max(pause, self._seconds_between)
        return time.monotonic() - self._last_ended >= pause

    def save(self, state: LoopState, variables: Mapping[str, Any]) -> None:
        """Writes a checkpoint, and then deletes the one before it.

        Args:
          state: The state of the training.
          variables: Objects whose variables TensorFlow saves, by name.
        """
        started = time.monotonic()
        name = f"epoch-{state.epoch:05d}-step-{state.step:07d}"
        folder = os.path.join(self._folder, name)
        _remove_checkpoint(folder)
        files.make_folder(folder)
        tf.train.Checkpoint(**variables).write(os.path.join(folder, _VARIABLES))
        content = {"state": asdict(state), "sha256": _digests(folder)}
        partial = os.path.join(folder, f"{STATE_FILE}.partial")
        files.write_text(partial, json.dumps(content))
        files.replace(partial, os.path.join(folder, STATE_FILE))
        for other in files.names_in(self._folder):
            if other != name:
                _remove_checkpoint(os.path.join(self._folder, other))
        self._last_ended = time.monotonic()
        self._last_duration = self._last_ended - started

    def restore(self, variables: Mapping[str, Any]) -> LoopState | None:
        """Reads the last complete checkpoint into the variables.

        Returns:
          The state of the training; None, with unchanged variables, if there is no complete
          checkpoint or it is damaged. A damaged one is logged.
        """
        names = [name for name in files.names_in(self._folder) if self._is_complete(name)]
        if not names:
            return None
        folder = os.path.join(self._folder, names[-1])
        try:
            state = _read_state(folder)
        except _DamagedError as error:
            progress.warning(
                "the checkpoint %s is damaged (%s) and not used: training starts anew",
                folder,
                error,
            )
            return None
        tf.train.Checkpoint(**variables).read(os.path.join(folder, _VARIABLES)).assert_consumed()
        progress.info(
            "training resumes after epoch %d and %d steps of the next one, %.0f s of training, "
            "from %s",
            state.epoch,
            state.step,
            state.elapsed_s,
            folder,
        )
        return state

    def remove(self) -> None:
        """Deletes all checkpoints of this training."""
        for name in files.names_in(self._folder):
            _remove_checkpoint(os.path.join(self._folder, name))
        if files.exists(self._folder):
            files.remove_folder(self._folder)

    def _is_complete(self, name: str) -> bool:
        return files.exists(os.path.join(self._folder, name, STATE_FILE))


class _DamagedError(ValueError):
    """A file of a checkpoint is missing or has another content than was written."""


def _read_state(folder: str) -> LoopState:
    """Returns the state of a complete checkpoint.

    Raises:
      _DamagedError: A file of it is damaged.
    """
    try:
        content = json.loads(files.read_text(os.path.join(folder, STATE_FILE)))
        state, expected = LoopState(**content["state"]), content["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise _DamagedError(f"{STATE_FILE} cannot be read: {error}") from error
    found = _digests(folder)
    for name, digest in expected.items():
        if name not in found:
            raise _DamagedError(f"{name} is missing")
        if found[name] != digest:
            raise _DamagedError(f"{name} has another SHA-256 than {STATE_FILE} states")
    return state


def _digests(folder: str) -> dict[str, str]:
    """Returns the SHA-256 of each file of a checkpoint except STATE_FILE, by name."""
    names = [name for name in files.names_in(folder) if not name.startswith(STATE_FILE)]
    return {name: _digest(os.path.join(folder, name)) for name in names}


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with files.open_to_read(path) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _remove_checkpoint(folder: str) -> None:
    """Deletes a checkpoint, if it exists; without STATE_FILE it is not complete any more."""
    state = os.path.join(folder, STATE_FILE)
    if files.exists(state):
        files.remove_file(state)
    if files.exists(folder):
        files.remove_folder(folder)
