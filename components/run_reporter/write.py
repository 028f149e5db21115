"""Writes the three files of a report, each atomically."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from components import files
from schemas.steps import METRICS_FILE, REPORT_FILE, RUN_FILE


def write_outputs(folder: str, metrics: dict[str, Any], run: dict[str, Any], page: str) -> None:
    """Writes metrics.json, run.json and report.html to `folder`, replacing existing files."""
    _write(os.path.join(folder, METRICS_FILE), _json(metrics))
    _write(os.path.join(folder, RUN_FILE), _json(run))
    _write(os.path.join(folder, REPORT_FILE), page)


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


@contextmanager
def atomic_path(path: str) -> Iterator[str]:
    """Yields a temporary path to write to, and renames it to `path` on success.

    The temporary file is in the same folder, so that readers never see a partial file.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.incoming")
    files.make_folder(folder)
    yield temporary
    files.replace(temporary, path)


def _write(path: str, text: str) -> None:
    with atomic_path(path) as temporary:
        files.write_text(temporary, text)
