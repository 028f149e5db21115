"""The newest complete examples that a step of a run wrote."""

import os

from components import files
from components.examples.shards import split_files
from schemas.errors import InputError


def newest_examples(pipeline_root: str, step: str, output: str, split: str) -> str | None:
    """Returns the URI of the newest examples with complete files, or None without any.

    Each execution of a step writes into a folder of its own. Those of an execution that was
    interrupted are skipped.

    Args:
      pipeline_root: Folder of the artifacts of a run.
      step: Name of the step.
      output: Name of its output with the examples.
      split: The split whose files must be complete.
    """
    folder = os.path.join(pipeline_root, step, output)
    executions = sorted((name for name in files.names_in(folder) if name.isdigit()), key=int)
    uris = (os.path.join(folder, name) for name in reversed(executions))
    return next((uri for uri in uris if _is_complete(uri, split)), None)


def _is_complete(uri: str, split: str) -> bool:
    try:
        split_files(uri, split)
    except InputError:
        return False
    return True
