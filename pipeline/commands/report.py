"""`twotower report`: prints the summary of a finished run."""

import os

from components.run_reporter.summary import render_summary
from pipeline.console import Console
from pipeline.runners.read_record import read_json_file, read_record
from schemas.steps import METRICS_FILE, REPORT_FILE


def report_command(run_dir: str, console: Console) -> None:
    """Prints the summary of a run and the path of its report.

    Args:
      run_dir: The run directory.
      console: Receives the summary.

    Raises:
      InputError: `run_dir` is not a run directory, or one of its files is damaged.
    """
    metrics = read_json_file(os.path.join(run_dir, METRICS_FILE))
    summary = render_summary(metrics, read_record(run_dir))
    console.result.write(f"{summary}\nReport: {os.path.join(run_dir, REPORT_FILE)}\n")
