"""The optional environments, which some slow tests need and some machines cannot have."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def optional_environment(name: str, command: str) -> Path:
    """Returns the interpreter of an environment of this project.

    The test is skipped if set-up has found that this machine cannot have the environment, and fails
    if set-up has not run or has not finished.

    Args:
      name: Folder of the environment, for example ".venv-serving".
      command: The command that creates it.
    """
    folder = ROOT / name
    reason = folder / "absent"
    if reason.exists():
        pytest.skip(f"{name}: {reason.read_text('utf-8').strip()}")
    if not (folder / ".ready").exists():
        pytest.fail(f"{folder} is missing or incomplete: run `{command}`", pytrace=False)
    return folder / "bin" / "python"
