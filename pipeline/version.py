"""The installed version of this distribution, which setup.py states."""

from importlib import metadata

from schemas.errors import InputError
from schemas.version_set import DISTRIBUTION


def distribution_version() -> str:
    """Returns the version of the installed distribution.

    Raises:
      InputError: The distribution is not installed.
    """
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise InputError(f"{DISTRIBUTION} is not installed; run `make setup`") from None
