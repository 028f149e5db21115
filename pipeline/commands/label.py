"""`twotower label`: sets, removes and prints the labels of the versions of a run."""

import re
from collections.abc import Sequence
from typing import Any

from components.pusher.label_versions import label_versions
from components.pusher.labels import describe
from pipeline.console import Console
from pipeline.paths import run_paths
from pipeline.runners.read_record import recorded_settings
from schemas.errors import InputError

_LABEL = re.compile(r"(?P<name>[^=]+)=(?P<version>[0-9]+)")


def label_command(
    run_dir: str,
    record: dict[str, Any],
    labels: Sequence[str],
    removed: Sequence[str],
    console: Console,
) -> None:
    """Changes the labels and prints all of them.

    Args:
      run_dir: The run directory.
      record: Its run.json.
      labels: Labels to set, of the form NAME=VERSION.
      removed: Names of labels to remove.
      console: Receives one line.

    Raises:
      InputError: A label is invalid, or its version does not exist.
    """
    console.result.write(change_labels(run_dir, record, labels, removed))


def change_labels(
    run_dir: str, record: dict[str, Any], labels: Sequence[str], removed: Sequence[str]
) -> str:
    """Changes the labels and returns the line to print.

    Args:
      run_dir: The run directory.
      record: Its run.json.
      labels: Labels to set, of the form NAME=VERSION.
      removed: Names of labels to remove.

    Raises:
      InputError: A label is invalid, or its version does not exist.
    """
    paths = run_paths(recorded_settings(run_dir, record))
    changed = dict(map(_parse, labels))
    after = label_versions(paths.serving_dir, paths.portable_dir, changed, removed)
    return f"Labels: {describe(after)}\n"


def _parse(text: str) -> tuple[str, int]:
    match = _LABEL.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r} is not a label; expected NAME=VERSION, e.g. canary=1795990150")
    return match["name"], int(match["version"])
