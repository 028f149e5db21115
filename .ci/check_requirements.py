"""Checks that the installed distributions meet each other's requirements, apart from overrides.

`uv pip check` does the same, but does not know of overrides.

Usage: python .ci/check_requirements.py [OVERRIDES]

OVERRIDES is a requirements file in which every line replaces all requirements on its package, as
uv's `--override` does. Prints every requirement that is not met; exits with 1 if there is one.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def read_overrides(text: str) -> dict[str, Requirement]:
    """Returns the requirements of an overrides file by canonical name."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    requirements = [Requirement(line) for line in lines if line]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def declared_requirements(
    distributions: Iterable[metadata.Distribution],
) -> Iterator[tuple[str, Requirement]]:
    """Yields the requirements of every distribution, without those of its extras, and its name."""
    for distribution in distributions:
        for line in distribution.requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                yield distribution.name, requirement


def unmet_requirements(
    declared: Iterable[tuple[str, Requirement]],
    installed: Mapping[str, str],
    overrides: Mapping[str, Requirement],
) -> list[str]:
    """Returns one message for each requirement that is not met.

    Args:
      declared: Pairs of the name of a distribution and one of its requirements.
      installed: Version of each installed distribution by canonical name.
      overrides: Requirement that replaces all others on its package, by canonical name.
    """
    messages = []
    for name, requirement in declared:
        package = canonicalize_name(requirement.name)
        override = overrides.get(package)
        version = installed.get(package)
        specifier = (override or requirement).specifier
        if version is None or not specifier.contains(version, prereleases=True):
            origin = " (override)" if override else ""
            found = f"{version} is installed" if version else "it is not installed"
            messages.append(f"{name} requires {package}{specifier}{origin}, but {found}")
    return sorted(set(messages))


def main(arguments: list[str]) -> int:
    """Prints every requirement that is not met and returns the exit code."""
    overrides = read_overrides(Path(arguments[0]).read_text("utf-8")) if arguments else {}
    distributions = list(metadata.distributions())
    names = Counter(canonicalize_name(d.name) for d in distributions)
    repeated = [f"{name} is installed {count} times" for name, count in names.items() if count > 1]
    installed: dict[str, str] = {canonicalize_name(d.name): d.version for d in distributions}
    messages = unmet_requirements(declared_requirements(distributions), installed, overrides)
    for message in (*repeated, *messages):
        print(f"  {message}", file=sys.stderr)
    return 1 if repeated or messages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
