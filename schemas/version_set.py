"""The sets of library versions that this project supports, one per Python version.

ScaNN's op is compiled against one TensorFlow, and TFX and Beam agree with few others, so the exact
versions in setup.py are used together or not at all. The sets are read from the metadata of the
installed distribution, which setup.py writes. No library is imported for this.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from schemas.errors import InputError

DISTRIBUTION = "twotower"
# Candidates for `python_requires` in setup.py, which decides which of them are supported.
_PYTHONS = tuple(f"3.{minor}" for minor in range(8, 31))

InstalledVersion = Callable[[str], str | None]


@dataclass(frozen=True)
class VersionSets:
    """The requirements of a distribution and the Python versions that it supports.

    Attributes:
      requires: The requirements as PEP 508 strings.
      requires_python: The supported Python versions as a specifier.
    """

    requires: tuple[str, ...]
    requires_python: str

    @property
    def pythons(self) -> tuple[str, ...]:
        """The supported Python versions, such as "3.10", oldest first."""
        supported = SpecifierSet(self.requires_python)
        return tuple(python for python in _PYTHONS if supported.contains(f"{python}.0"))

    def requirements(self, python: str) -> list[Requirement]:
        """Returns the requirements on a Python version, without those of extras.

        Args:
          python: The Python version, such as "3.10".
        """
        environment = {
            "python_version": python,
            "python_full_version": f"{python}.0",
            "extra": "",
        }
        requirements = map(Requirement, self.requires)
        return [r for r in requirements if r.marker is None or r.marker.evaluate(environment)]

    def pins(self, python: str) -> dict[str, str]:
        """Returns the exact versions of the set of a Python version, by distribution.

        Args:
          python: The Python version, such as "3.10".
        """
        pins: dict[str, str] = {}
        for requirement in self.requirements(python):
            version = _exact_version(requirement.specifier)
            if version is not None:
                pins[canonicalize_name(requirement.name)] = version
        return pins

    def check_installed(self, python: str, installed: InstalledVersion) -> str:
        """Returns the name of the set of a Python version if exactly its versions are installed.

        Args:
          python: The Python version, such as "3.10".
          installed: Returns the version of an installed distribution, or None.

        Raises:
          InputError: Python is not supported, or a library is missing or has another version.
        """
        self.check_python(python)
        differences = list(self._differences(python, installed))
        if differences:
            raise InputError(
                f"the installed libraries are not the set {set_name(python)}, which Python "
                f"{python} needs: {'; '.join(differences)}. {remedy(python)}"
            )
        return set_name(python)

    def check_python(self, python: str) -> None:
        """Checks that a Python version is supported.

        Raises:
          InputError: It is not.
        """
        if python not in self.pythons:
            raise InputError(
                f"Python {python} is not supported; expected {' or '.join(self.pythons)}: `make "
                "clean setup` finds or installs one, and TWOTOWER_PYTHON="
                f"{' or '.join(self.pythons)} chooses between them"
            )

    def origin(self, name: str, version: str, python: str) -> str | None:
        """Returns the name of the other set that contains a version of a distribution, or None.

        Args:
          name: The distribution.
          version: Its installed version.
          python: The Python version whose own set is not considered.
        """
        for other in self.pythons:
            pin = self.pins(other).get(canonicalize_name(name))
            if other != python and pin is not None and is_version(version, pin):
                return set_name(other)
        return None

    def _differences(self, python: str, installed: InstalledVersion) -> Iterator[str]:
        for name, pin in self.pins(python).items():
            version = installed(name)
            if version is None:
                yield f"{name} is not installed (expected {pin})"
            elif not is_version(version, pin):
                origin = self.origin(name, version, python)
                belongs = f", a version of {origin}" if origin else ""
                yield f"{name} is {version}{belongs} (expected {pin})"


def _exact_version(specifiers: SpecifierSet) -> str | None:
    """Returns the version that is required with `==`; None for a range, such as `==3.*`."""
    if len(specifiers) != 1:
        return None
    (specifier,) = specifiers
    is_exact = specifier.operator == "==" and not specifier.version.endswith("*")
    return specifier.version if is_exact else None


def is_version(version: str, pin: str) -> bool:
    """Returns whether an installed version equals an exact version, also with a local suffix."""
    return SpecifierSet(f"=={pin}").contains(version, prereleases=True)


def set_name(python: str) -> str:
    """Returns the name of the set of a Python version: "python3.10"."""
    return f"python{python}"


def lock_path(python: str) -> str:
    """Returns the path of the lock of a Python version in the source tree."""
    return f"requirements/{set_name(python)}.lock"


def remedy(python: str) -> str:
    """Returns how to install exactly the set of a Python version."""
    return (
        f"Install exactly this set: `make clean setup`, or in an image `pip install --no-deps -r "
        f"{lock_path(python)}`"
    )


def running_python() -> str:
    """Returns the version of the running interpreter, such as "3.10"."""
    return "{}.{}".format(*sys.version_info[:2])


def installed_version(name: str) -> str | None:
    """Returns the version of an installed distribution, or None if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def declared_sets() -> VersionSets:
    """Returns the sets that the installed distribution declares.

    Raises:
      InputError: The distribution is not installed.
    """
    try:
        declared = metadata.metadata(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise InputError(f"{DISTRIBUTION} is not installed; run `make setup`") from None
    return VersionSets(
        tuple(metadata.requires(DISTRIBUTION) or ()), declared["Requires-Python"] or ""
    )


def installed_set() -> str:
    """Returns the name of the installed set, such as "python3.10".

    Raises:
      InputError: The installed libraries are a mixture of versions or incomplete, Python is not
        supported, or the distribution is not installed. The message names each difference.
    """
    return declared_sets().check_installed(running_python(), installed_version)


def recorded_set() -> str | None:
    """Returns the name of the installed set for a record; None if the versions are not a set."""
    try:
        return installed_set()
    except InputError:
        return None


def installed_digest() -> str:
    """Returns a digest of the names and versions of all installed distributions: 16 hex digits."""
    installed = {
        f"{canonicalize_name(distribution.name)}=={distribution.version}"
        for distribution in metadata.distributions()
    }
    return hashlib.sha256("\n".join(sorted(installed)).encode()).hexdigest()[:16]
