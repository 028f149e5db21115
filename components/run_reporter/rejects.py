"""Copies the rejected records of a run to where a person looks for them."""

import os
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from components.records.rejects import REJECTS_FILE, REJECTS_SUFFIX
from components.run_reporter.write import replacing
from schemas.steps import CATALOGUE_EXAMPLE_GEN, INTERACTION_EXAMPLE_GEN

REJECTS_FOLDER = "rejects"
_NAMES = {INTERACTION_EXAMPLE_GEN: "interactions", CATALOGUE_EXAMPLE_GEN: "catalogue"}


def copy_rejects(steps: Iterable[dict[str, Any]], output_dir: str) -> list[str]:
    """Copies the `rejects.jsonl.gz` of both ingestions, replacing those of an older run.

    Args:
      steps: The run's steps; one that did not run has no artifact, and nothing to copy.
      output_dir: The run directory.

    Returns:
      The files written: `rejects/interactions.jsonl.gz`, `rejects/catalogue.jsonl.gz`.
    """
    written = []
    for step in steps:
        for uri in step["fragment_uris"]:
            source = os.path.join(uri, REJECTS_FILE)
            if step["component"] in _NAMES and tf.io.gfile.exists(source):
                name = _NAMES[step["component"]] + REJECTS_SUFFIX
                target = os.path.join(output_dir, REJECTS_FOLDER, name)
                with replacing(target) as temporary:
                    tf.io.gfile.copy(source, temporary, overwrite=True)
                written.append(target)
    return written
