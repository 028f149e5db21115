"""`twotower lineage`: prints which data, code, configuration and run made a version."""

import json

from pipeline.console import Console
from pipeline.lineage.lineage import read_lineage
from pipeline.lineage.sections import sections
from pipeline.sections import render_text


def lineage_command(model: str, as_json: bool, console: Console) -> None:
    """Prints the lineage of a version.

    Args:
      model: The folder of a version, a folder of versions or the directory of a run.
      as_json: Whether to print JSON instead of text.
      console: Receives the result.

    Raises:
      InputError: There is no such version, or it has no manifest.
    """
    lineage = read_lineage(model)
    if as_json:
        console.result.write(json.dumps(lineage.to_dict(), indent=1, allow_nan=False) + "\n")
    else:
        console.result.write(render_text(sections(lineage)))
