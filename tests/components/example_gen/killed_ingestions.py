"""Ingestions that kill themselves, each in a process of its own: CONFIG.json FOLDER [KILL…].

A KILL such as `open-3` or `os.rename-1` writes into FOLDER/KILL and ends by SIGKILL just before the
process opens its third file there for writing, or gives its first file there another name; `never`
is not killed. Python's own audit events tell when, so no moment depends on time. Prints the exit
codes as JSON.
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
    """Arms the kill."""
    seen = 0

    def hook(happening: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if happening == event and _writes(folder, happening, arguments):
            seen += 1
            if seen == ordinal:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _writes(folder: Path, happening: str, arguments: tuple[Any, ...]) -> bool:
    if happening == "open":
        path, mode, _ = arguments
        return str(path).startswith(str(folder)) and bool(mode) and "w" in mode
    return str(arguments[1]).startswith(str(folder))


def exit_code(data: DataSettings, folder: Path, kill: str) -> int:
    """How one ingestion ended. A fork, since importing Beam and TensorFlow takes longer than it."""
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
    """Runs one ingestion after the other."""
    config, folder, *kills = sys.argv[1:]
    data = from_json(DataSettings, Path(config).read_text())
    print(json.dumps({kill: exit_code(data, Path(folder, kill), kill) for kill in kills}))


if __name__ == "__main__":
    main()
