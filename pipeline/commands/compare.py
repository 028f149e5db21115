"""`twotower compare`: prints what differs between two runs, and writes it to a file."""

import json
from pathlib import Path

from pipeline.commands.output_file import write_file
from pipeline.comparison.compare import compare_runs
from pipeline.comparison.recorded_run import read_run
from pipeline.comparison.sections import sections
from pipeline.console import Console
from pipeline.sections import render_markdown, render_text
from schemas.errors import InputError

_SUFFIXES = (".md", ".markdown", ".json")


def compare_command(
    run_a: str, run_b: str, output: str | None, as_json: bool, console: Console
) -> None:
    """Compares two runs and prints the result.

    Args:
      run_a: Directory of run A.
      run_b: Directory of run B.
      output: A file to write as well: Markdown, or JSON; None for none.
      as_json: Whether to print JSON instead of text.
      console: Receives the result.

    Raises:
      InputError: A directory is not that of a run, a file of it is damaged, or the suffix of
        `output` is unknown.
    """
    suffix = Path(output).suffix.lower() if output else ""
    if output and suffix not in _SUFFIXES:
        raise InputError(
            f"--output {output}: the suffix is {suffix!r}; expected one of {', '.join(_SUFFIXES)}"
        )
    comparison = compare_runs(read_run(run_a), read_run(run_b))
    as_object = json.dumps(comparison.to_dict(), indent=1, allow_nan=False) + "\n"
    shown = sections(comparison)
    if output:
        title = f"{run_a} and {run_b}"
        text = as_object if suffix == ".json" else render_markdown(title, shown)
        write_file(output, text)
    console.result.write(as_object if as_json else render_text(shown))
    if output:
        console.progress.write(f"Written to {output}\n")
