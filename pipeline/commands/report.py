"""`twotower report`: prints the summary of a finished run, and opens its report."""

import os
from typing import Any

from components.pusher.labels import served_version
from components.pusher.versions import is_complete, withdrawn_dir
from components.run_reporter.summary import render_summary
from pipeline.browser import has_browser, open_page
from pipeline.console import Console
from pipeline.runners.read_record import current_path, read_json_file, read_record
from pipeline.tensorboard_command import tensorboard_command
from schemas.errors import InputError
from schemas.steps import METRICS_FILE, REPORT_FILE


def report_command(run_dir: str, opens: bool | None, console: Console) -> None:
    """Prints the summary of a run and the path of its report, and opens the report.

    Args:
      run_dir: The run directory.
      opens: Whether to open the report in a browser; None opens it if the output is a terminal
        with a display.
      console: Receives the summary.

    Raises:
      InputError: `run_dir` is not a run directory, one of its files is damaged, or the report is to
        be opened and does not exist.
    """
    metrics = read_json_file(os.path.join(run_dir, METRICS_FILE))
    record = read_record(run_dir)
    path = os.path.join(run_dir, REPORT_FILE)
    console.result.write(f"{render_summary(metrics, record)}\n")
    if changed := served_since(run_dir, record):
        console.result.write(f"\n{changed}\n")
    if command := tensorboard_command(run_dir, record):
        console.result.write(f"Training: {command}\n")
    console.result.write(f"Report: {path}\n")
    if has_browser(console.result) if opens is None else opens:
        _open(path, console)


def served_since(run_dir: str, record: dict[str, Any]) -> str:
    """Returns a sentence on the version that serves now, if it is not the one of the run; else "".

    Args:
      run_dir: The directory of the run.
      record: Its run.json.

    Raises:
      InputError: The file of the labels is damaged.
    """
    push = record.get("push") or {}
    if not push.get("pushed") or "serving_path" not in push:
        return ""
    pushed = str(push["version"])
    serving_dir = current_path(run_dir, record, os.path.dirname(push["serving_path"]))
    served = served_version(serving_dir)
    if str(served) == pushed:
        return ""
    now = "No version is served now" if served is None else f"Version {served} is served now"
    if is_complete(withdrawn_dir(serving_dir, int(pushed))):
        return f"{now}: a rollback has hidden version {pushed}."
    return f"{now}, not version {pushed}."


def _open(path: str, console: Console) -> None:
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such file; run `twotower run` again, which writes it")
    if not open_page(path):
        console.progress.write(f"no browser was found; open {os.path.abspath(path)} in one\n")
