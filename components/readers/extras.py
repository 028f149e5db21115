"""Checks for packages that only some inputs need."""

from importlib import metadata
from importlib.util import find_spec

from schemas.errors import InputError


def check_installed(feature: str, module: str, extra: str) -> None:
    """Checks that a module is installed.

    Args:
      feature: The feature that needs the module, for the message.
      module: The dotted name of the module.
      extra: The extra of apache-beam that installs it.

    Raises:
      InputError: It is not installed; the message contains the command that installs it.
    """
    try:
        installed = find_spec(module) is not None
    except ModuleNotFoundError:
        installed = False
    if not installed:
        raise InputError(
            f"{feature} needs {module}, which is not installed: "
            f"pip install 'apache-beam[{extra}]=={metadata.version('apache-beam')}'"
        )
