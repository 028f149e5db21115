"""`twotower doctor`: can this machine and this installation run the pipeline?

Each check looks at one thing and says what it found, what was expected and how to cure it.
"""

import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from pipeline.commands.probes import print_keras, print_scann_answer, run_probe

DISTRIBUTION = "twotower"
PYTHON_VERSION = (3, 10)
CPU_FEATURES = ("avx2", "fma")
MIN_FREE_GB = 5.0
REINSTALL = "install the locked versions: `make clean setup`"

_BYTES_PER_GB = 1e9


@dataclass(frozen=True)
class Check:
    """One finding; `cure` is what to do where `passed` is false."""

    name: str
    passed: bool
    found: str
    expected: str
    cure: str


def check_interpreter(version: tuple[int, int]) -> Check:
    """Checks the (major, minor) `version` of the running interpreter."""
    expected = "{}.{}".format(*PYTHON_VERSION)
    return Check(
        "python",
        version == PYTHON_VERSION,
        "{}.{}".format(*version),
        expected,
        f"make the environment with Python {expected}: `make clean setup` finds one",
    )


def declared_requirements(lines: Sequence[str] | None) -> list[Requirement]:
    """The run-time requirements of this distribution's metadata, without those of its extras.

    Args:
        lines: `importlib.metadata.requires(DISTRIBUTION)`, PEP 508 strings.
    """
    requirements = [Requirement(line) for line in lines or ()]
    return [r for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]


def installed_version(name: str) -> str | None:
    """The version of the installed distribution `name`, or None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def check_requirement(requirement: Requirement, installed: str | None) -> Check:
    """Checks one distribution's `installed` version against what setup.py asks for."""
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
    """Checks that the processor has the instructions that ScaNN's x86 build was compiled for."""
    name, expected = "cpu", " ".join(CPU_FEATURES)
    cure = "use a machine whose processor has them (x86 since about 2013); some emulators hide them"
    if machine not in ("x86_64", "AMD64") or not cpuinfo.exists():
        found = f"{machine}, features not listed; the ScaNN check below decides"
        return Check(name, True, found, expected, cure)
    flags = {
        flag
        for line in cpuinfo.read_text().splitlines()
        if line.startswith("flags")
        for flag in line.partition(":")[2].split()
    }
    missing = [feature for feature in CPU_FEATURES if feature not in flags]
    found = f"without {' '.join(missing)}" if missing else expected
    return Check(name, not missing, found, expected, cure)


def check_keras(succeeded: bool, answer: str) -> Check:
    """Checks what `print_keras` reported: `tf.keras` must be Keras 2."""
    return Check(
        "tf.keras",
        succeeded and answer.startswith("tf_keras 2."),
        answer,
        "tf_keras 2.x",
        REINSTALL,
    )


def check_scann(succeeded: bool, answer: str) -> Check:
    """Checks what `print_scann_answer` reported."""
    return Check(
        "scann op",
        succeeded,
        answer,
        "answers as exact search does",
        f"the op needs exactly the TensorFlow it was compiled for, and avx2: {REINSTALL}",
    )


def check_disk(path: Path, free_bytes: int, min_free_gb: float = MIN_FREE_GB) -> Check:
    """Checks the free space at `path`, where runs are written."""
    free_gb = free_bytes / _BYTES_PER_GB
    return Check(
        "free disk",
        free_gb >= min_free_gb,
        f"{free_gb:.1f} GB at {path}",
        f">= {min_free_gb:g} GB",
        "free some space, or write runs elsewhere: `--output DIR`",
    )


def run_checks(path: Path = Path(), min_free_gb: float = MIN_FREE_GB) -> list[Check]:
    """Runs every check, in the order in which a cure is best tried.

    Args:
        path: an existing directory on the disk where runs are written.
        min_free_gb: the free space that a run may need there, in 10^9 bytes.
    """
    return [
        check_interpreter(sys.version_info[:2]),
        *check_requirements(),
        check_cpu(),
        check_keras(*run_probe(print_keras)),
        check_scann(*run_probe(print_scann_answer)),
        check_disk(path.resolve(), shutil.disk_usage(path).free, min_free_gb),
    ]


def render(checks: Sequence[Check]) -> str:
    """A table of the checks, each failed one followed by its cure."""
    name_width = max((len(check.name) for check in checks), default=0)
    lines = []
    for check in checks:
        verdict = "ok    " if check.passed else "FAILED"
        line = f"{verdict}  {check.name:<{name_width}}  {check.found}"
        if not check.passed:
            line += f" (expected {check.expected})\n        cure: {check.cure}"
        lines.append(line)
    failed = sum(not check.passed for check in checks)
    lines.append(f"{failed} of {len(checks)} checks failed" if failed else "all checks passed")
    return "\n".join(lines)
