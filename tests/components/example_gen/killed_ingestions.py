"""Ingestions that kill their own process. Usage: CONFIG.json FOLDER [KILL…].

For each KILL an ingestion in a process of its own writes into FOLDER/KILL. With `open-3` it ends by
SIGKILL before it opens its third file for writing; with `os.rename-1`, before it renames its first
file; with `never` it finishes. The moments are determined by Python's audit events, not by time.
Prints the exit codes as JSON.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import apache_beam as beam

from components.example_gen.ingest import Outputs, ingest
from schemas.settings import DataSettings, from_json
from tests.components.example_gen.logs import NOW_S


def kill_before(folder: Path, event: str, ordinal: int) -> None:
    """Kills this process before the given occurrence of an audit event."""
    count = 0

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if name == event and _writes(folder, name, arguments):
            count += 1
            if count == ordinal:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _writes(folder: Path, event: str, arguments: tuple[Any, ...]) -> bool:
    if event == "open":
        path, mode, _ = arguments
        return str(path).startswith(str(folder)) and bool(mode) and "w" in mode
    return str(arguments[1]).startswith(str(folder))


def exit_code(data: DataSettings, folder: Path, kill: str) -> int:
    """Returns the exit code of one ingestion.

    It runs in a fork, since importing Beam and TensorFlow takes longer than the ingestion.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if kill != "never":
        event, ordinal = kill.rsplit("-", 1)
        kill_before(folder, event, int(ordinal))
    outputs = Outputs(
        **{name: str(folder / name) for name in ("windows", "events", "users", "rejects")}
    )
    ingest(data, "", outputs, beam.Pipeline, NOW_S)
    os._exit(0)


def main() -> None:
    """Runs the ingestions one after another."""
    config, folder, *kills = sys.argv[1:]
    data = from_json(DataSettings, Path(config).read_text())
    print(json.dumps({kill: exit_code(data, Path(folder, kill), kill) for kill in kills}))


if __name__ == "__main__":
    main()
