"""`twotower doctor`: checks whether this machine and this installation can run the pipeline.

Each check reports the value found, the value expected and, if it fails, the remedy.
"""

import os
import platform
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from pipeline.commands.doctor_probes import print_keras, print_scann_check, run_probe
from pipeline.console import Console
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError
from schemas.version_set import (
    DISTRIBUTION,
    InstalledVersion,
    VersionSets,
    declared_sets,
    installed_version,
    is_version,
    remedy,
    running_python,
    set_name,
)

# The oldest glibc for which ML Metadata and TFDV of a Python's set are published. The wheels of the
# other set need a glibc that every supported system has.
MIN_GLIBC = {"3.12": "2.39"}
CPU_FEATURES = ("avx2", "fma")
MIN_FREE_GB = 5.0
REINSTALL = "install the locked versions: `make clean setup`"

_BYTES_PER_GB = 1e9


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
      name: What was checked.
      passed: Whether the check passed.
      found: The value found.
      expected: The value expected.
      remedy: What to do if the check failed.
    """

    name: str
    passed: bool
    found: str
    expected: str
    remedy: str


def doctor_command(path: str, console: Console) -> ExitCode:
    """Runs every check and prints the results.

    Args:
      path: Folder in which runs will be written.
      console: Receives the results.

    Returns:
      PUSHED (0) if every check passed, else BAD_INPUT.

    Raises:
      InputError: `path` is not a folder.
    """
    if not Path(path).is_dir():
        raise InputError(f"--path {path}: no such directory; create it or give another one")
    checks = run_checks(Path(path))
    console.result.write(render(checks) + "\n")
    return ExitCode.PUSHED if all(check.passed for check in checks) else ExitCode.BAD_INPUT


def check_interpreter(python: str, sets: VersionSets) -> Check:
    """Checks that there is a set of versions for the Python version of the interpreter."""
    return Check(
        "python",
        python in sets.pythons,
        python,
        " or ".join(sets.pythons),
        "create the environment with one of these: `make clean setup` finds an interpreter, and "
        f"TWOTOWER_PYTHON={' or '.join(sets.pythons)} chooses between them",
    )


def glibc_version() -> str | None:
    """Returns the version of the C library, such as "2.39"; None if it is not glibc."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (OSError, ValueError):
        return None
    return version if name == "glibc" and version else None


def check_glibc(python: str, sets: VersionSets, glibc: str | None) -> Check:
    """Checks that the libraries of the set of a Python version run with this glibc.

    If another set needs a newer glibc, and this system has it, the check says so.
    """
    minimum = MIN_GLIBC.get(python)
    possible = [
        f"{set_name(other)} is possible too"
        for other in sets.pythons
        if other != python and other in MIN_GLIBC and _is_at_least(glibc, MIN_GLIBC[other])
    ]
    older = [other for other in sets.pythons if other not in MIN_GLIBC]
    return Check(
        "glibc",
        minimum is None or _is_at_least(glibc, minimum),
        "; ".join([glibc or "another C library", *possible]),
        f">= {minimum}" if minimum else "any",
        "use a system with a newer glibc (Ubuntu 24.04, Debian 13), or the set for older systems: "
        f"`make clean setup TWOTOWER_PYTHON={' or '.join(older)}`",
    )


def _is_at_least(glibc: str | None, minimum: str) -> bool:
    return glibc is not None and Version(glibc) >= Version(minimum)


def check_version_set(python: str, sets: VersionSets, installed: InstalledVersion) -> Check:
    """Checks that the installed versions are one set, not a mixture of several."""
    own, counts = f"of {set_name(python)}", Counter[str]()
    for name, pin in sets.pins(python).items():
        version = installed(name)
        if version is None:
            counts["not installed"] += 1
        elif is_version(version, pin):
            counts[own] += 1
        else:
            counts[f"of {sets.origin(name, version, python) or 'no set'}"] += 1
    is_set = set(counts) == {own}
    mixture = ", ".join(f"{number} {origin}" for origin, number in counts.most_common())
    return Check(
        "version set",
        is_set,
        set_name(python) if is_set else f"a mixture: {mixture}",
        f"all {counts.total()} {own}",
        remedy(python),
    )


def check_requirement(
    requirement: Requirement, installed: str | None, origin: str | None = None
) -> Check:
    """Checks the installed version of a distribution against the requirement in setup.py.

    Args:
      requirement: The requirement.
      installed: The installed version, if any.
      origin: The name of another set that contains the installed version, if any.
    """
    passed = installed is not None and requirement.specifier.contains(installed, prereleases=True)
    found = installed or "not installed"
    return Check(
        requirement.name,
        passed,
        f"{found}, a version of {origin}" if origin and not passed else found,
        str(requirement.specifier),
        REINSTALL,
    )


def check_requirements(
    python: str, sets: VersionSets, installed: InstalledVersion = installed_version
) -> list[Check]:
    """Checks every run-time requirement on a Python version, in setup.py's order."""
    checks = []
    for requirement in sets.requirements(python):
        version = installed(requirement.name)
        origin = version and sets.origin(requirement.name, version, python)
        checks.append(check_requirement(requirement, version, origin))
    return checks


def check_versions(python: str) -> list[Check]:
    """Checks Python, glibc and the installed versions; without the distribution only that."""
    try:
        sets = declared_sets()
    except InputError:
        return [Check(DISTRIBUTION, False, "not installed", "installed", REINSTALL)]
    checks = [check_interpreter(python, sets), check_glibc(python, sets, glibc_version())]
    if python in sets.pythons:
        checks.append(check_version_set(python, sets, installed_version))
    return [*checks, *check_requirements(python, sets)]


def check_cpu(cpuinfo: Path = Path("/proc/cpuinfo"), machine: str = platform.machine()) -> Check:
    """Checks that the processor has the instructions that ScaNN's x86 build requires."""
    name, expected = "cpu", " ".join(CPU_FEATURES)
    remedy = (
        "use a machine whose processor has these instructions (x86 since about 2013); some "
        "emulators hide them"
    )
    if machine not in ("x86_64", "AMD64") or not cpuinfo.exists():
        found = f"{machine}, features not listed; see the ScaNN check below"
        return Check(name, True, found, expected, remedy)
    flags = {
        flag
        for line in cpuinfo.read_text().splitlines()
        if line.startswith("flags")
        for flag in line.partition(":")[2].split()
    }
    missing = [feature for feature in CPU_FEATURES if feature not in flags]
    found = f"missing {' '.join(missing)}" if missing else expected
    return Check(name, not missing, found, expected, remedy)


def check_keras(succeeded: bool, output: str) -> Check:
    """Checks the output of the probe `print_keras`: `tf.keras` must be Keras 2."""
    return Check(
        "tf.keras",
        succeeded and output.startswith("tf_keras 2."),
        output,
        "tf_keras 2.x",
        REINSTALL,
    )


def check_scann(succeeded: bool, output: str) -> Check:
    """Checks the output of the probe `print_scann_check`."""
    return Check(
        "scann op",
        succeeded,
        output,
        "the same result as exact search",
        f"the op requires the TensorFlow version it was compiled for, and avx2: {REINSTALL}",
    )


def check_disk(path: Path, free_bytes: int, min_free_gb: float = MIN_FREE_GB) -> Check:
    """Checks the free disk space at `path`, the folder for runs."""
    free_gb = free_bytes / _BYTES_PER_GB
    return Check(
        "free disk",
        free_gb >= min_free_gb,
        f"{free_gb:.1f} GB at {path}",
        f">= {min_free_gb:g} GB",
        "free disk space, or write runs to another disk: `--output DIR`",
    )


def run_checks(path: Path = Path(), min_free_gb: float = MIN_FREE_GB) -> list[Check]:
    """Runs every check, in the order in which failures should be resolved.

    Args:
      path: An existing folder on the disk where runs will be written.
      min_free_gb: Free space that a run may need, in 10^9 bytes.
    """
    return [
        *check_versions(running_python()),
        check_cpu(),
        check_keras(*run_probe(print_keras)),
        check_scann(*run_probe(print_scann_check)),
        check_disk(path.resolve(), shutil.disk_usage(path).free, min_free_gb),
    ]


def render(checks: Sequence[Check]) -> str:
    """Returns the checks as a table, with the remedy below each failed check."""
    name_width = max((len(check.name) for check in checks), default=0)
    lines = []
    for check in checks:
        status = "ok    " if check.passed else "FAILED"
        line = f"{status}  {check.name:<{name_width}}  {check.found}"
        if not check.passed:
            line += f" (expected {check.expected})\n        remedy: {check.remedy}"
        lines.append(line)
    failed = sum(not check.passed for check in checks)
    lines.append(f"{failed} of {len(checks)} checks failed" if failed else "all checks passed")
    return "\n".join(lines)
