"""`twotower report`: prints the summary of a finished run, and opens its report."""

import os

from components.run_reporter.summary import render_summary
from pipeline.browser import has_browser, open_page
from pipeline.console import Console
from pipeline.runners.read_record import read_json_file, read_record
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
    if command := tensorboard_command(run_dir, record):
        console.result.write(f"Training: {command}\n")
    console.result.write(f"Report: {path}\n")
    if has_browser(console.result) if opens is None else opens:
        _open(path, console)


def _open(path: str, console: Console) -> None:
    if not os.path.isfile(path):
        raise InputError(f"{path}: no such file; run `twotower run` again, which writes it")
    if not open_page(path):
        console.progress.write(f"no browser was found; open {os.path.abspath(path)} in one\n")
