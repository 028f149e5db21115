"""The command that shows a training in TensorBoard."""

import os
import shlex
import shutil
import sys
from typing import Any

from pipeline.runners.read_record import current_path

_PROGRAM = "tensorboard"


def tensorboard_command(run_dir: str, record: dict[str, Any]) -> str | None:
    """Returns the command that opens the training of a run in TensorBoard; None without one.

    Args:
      run_dir: The directory of the run.
      record: Its run.json.
    """
    path = (record.get("paths") or {}).get("tensorboard")
    if path is None:
        return None
    return shlex.join([_program(), "--logdir", current_path(run_dir, record, path)])


def _program() -> str:
    """Returns the shortest name of the program that belongs to this interpreter."""
    in_environment = os.path.join(os.path.dirname(sys.executable), _PROGRAM)
    found = shutil.which(_PROGRAM)
    if not os.path.exists(in_environment) or (found and os.path.samefile(found, in_environment)):
        return _PROGRAM
    relative = os.path.relpath(in_environment)
    return in_environment if relative.startswith(os.pardir) else relative
