"""Copies the rejected records of a run to the run directory."""

import os
from collections.abc import Iterable
from typing import Any

from components import files
from components.records.rejects_json import REJECTS_FILE, REJECTS_SUFFIX
from components.run_reporter.write import atomic_path
from schemas.steps import CATALOGUE_EXAMPLE_GEN, INTERACTION_EXAMPLE_GEN

REJECTS_FOLDER = "rejects"
_FILE_NAMES = {INTERACTION_EXAMPLE_GEN: "interactions", CATALOGUE_EXAMPLE_GEN: "catalogue"}


def copy_rejects(steps: Iterable[dict[str, Any]], output_dir: str) -> list[str]:
    """Copies `rejects.jsonl.gz` of both ingestion steps, replacing the files of an earlier run.

    Args:
      steps: The run's steps; a step that did not run has no artifacts to copy from.
      output_dir: The run directory.

    Returns:
      The paths of the files written: `rejects/interactions.jsonl.gz` and
      `rejects/catalogue.jsonl.gz`.
    """
    written = []
    for step in steps:
        for uri in step["fragment_uris"]:
            source = os.path.join(uri, REJECTS_FILE)
            if step["component"] in _FILE_NAMES and files.exists(source):
                name = _FILE_NAMES[step["component"]] + REJECTS_SUFFIX
                target = os.path.join(output_dir, REJECTS_FOLDER, name)
                with atomic_path(target) as temporary:
                    files.copy_file(source, temporary)
                written.append(target)
    return written
