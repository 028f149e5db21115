"""`twotower doctor`: checks whether this machine and this installation can run the pipeline.

Each check reports the value found, the value expected and, if it fails, the remedy.
"""

import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from pipeline.commands.doctor_probes import print_keras, print_scann_check, run_probe
from pipeline.console import Console
from pipeline.exit_codes import ExitCode
from pipeline.version import DISTRIBUTION
from schemas.errors import InputError

PYTHON_VERSION = (3, 10)
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


def check_interpreter(version: tuple[int, int]) -> Check:
    """Checks the (major, minor) version of the running interpreter."""
    expected = "{}.{}".format(*PYTHON_VERSION)
    return Check(
        "python",
        version == PYTHON_VERSION,
        "{}.{}".format(*version),
        expected,
        f"create the environment with Python {expected}: `make clean setup` finds an interpreter",
    )


def declared_requirements(lines: Sequence[str] | None) -> list[Requirement]:
    """Returns the run-time requirements of this distribution, without those of its extras.

    Args:
      lines: Result of `importlib.metadata.requires(DISTRIBUTION)`: PEP 508 strings.
    """
    requirements = [Requirement(line) for line in lines or ()]
    return [r for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]


def installed_version(name: str) -> str | None:
    """Returns the version of an installed distribution, or None if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def check_requirement(requirement: Requirement, installed: str | None) -> Check:
    """Checks the installed version of a distribution against the requirement in setup.py."""
    return Check(
        requirement.name,
        installed is not None and requirement.specifier.contains(installed, prereleases=True),
        installed or "not installed",
        str(requirement.specifier),
        REINSTALL,
    )


def check_requirements() -> list[Check]:
    """Checks every run-time requirement of the installed distribution, in setup.py's order."""
    try:
        lines = metadata.requires(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return [Check(DISTRIBUTION, False, "not installed", "installed", REINSTALL)]
    return [check_requirement(r, installed_version(r.name)) for r in declared_requirements(lines)]


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
        check_interpreter(sys.version_info[:2]),
        *check_requirements(),
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
