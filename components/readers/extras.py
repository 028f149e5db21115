"""Packages that only some inputs need."""

from importlib import metadata
from importlib.util import find_spec

from schemas.errors import InputError


def check_installed(what: str, module: str, extra: str) -> None:
    """Checks that a module can be imported.

    Args:
      what: What needs it, for the message.
      module: Its dotted name.
      extra: The extra of apache-beam that brings it.

    Raises:
      InputError: It is not installed; says how to.
    """
    try:
        installed = find_spec(module) is not None
    except ModuleNotFoundError:
        installed = False
    if not installed:
        raise InputError(
            f"{what} needs {module}, which is not installed: "
            f"pip install 'apache-beam[{extra}]=={metadata.version('apache-beam')}'"
        )
