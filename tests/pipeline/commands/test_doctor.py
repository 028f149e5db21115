"""`twotower doctor`: when each check passes and fails, and how the results are printed."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pipeline.commands import doctor, doctor_probes
from pipeline.commands.doctor import Check
from schemas import version_set
from schemas.version_set import VersionSets, running_python

GB = 10**9
OLD = {"tensorflow": "2.16.2", "scann": "1.3.2", "both": "7"}
NEW = {"tensorflow": "2.20.0", "scann": "1.4.2", "both": "7"}
SETS = VersionSets(
    (
        'tensorflow==2.16.2; python_version == "3.10"',
        'scann==1.3.2; python_version == "3.10"',
        'tensorflow==2.20.0; python_version == "3.12"',
        'scann==1.4.2; python_version == "3.12"',
        "both==7",
        "ranged>=1,<2",
        'pytest>=8; extra == "dev"',
    ),
    ">=3.10,!=3.11.*,<3.13",
)


@pytest.mark.parametrize(
    ("python", "passed"), [("3.10", True), ("3.12", True), ("3.9", False), ("3.11", False)]
)
def test_interpreter_must_have_a_set(python: str, passed: bool) -> None:
    check = doctor.check_interpreter(python, SETS)

    assert (check.passed, check.found, check.expected) == (passed, python, "3.10 or 3.12")


@pytest.mark.parametrize(
    ("python", "glibc", "passed", "found", "expected"),
    [
        ("3.10", "2.36", True, "2.36", "any"),
        ("3.10", "2.9", True, "2.9", "any"),
        ("3.10", "2.39", True, "2.39; python3.12 is possible too", "any"),
        ("3.10", "3.0", True, "3.0; python3.12 is possible too", "any"),
        ("3.10", None, True, "another C library", "any"),
        ("3.12", "2.38", False, "2.38", ">= 2.39"),
        ("3.12", "2.4", False, "2.4", ">= 2.39"),
        ("3.12", "2.39", True, "2.39", ">= 2.39"),
        ("3.12", "2.100", True, "2.100", ">= 2.39"),
        ("3.12", None, False, "another C library", ">= 2.39"),
    ],
)
def test_glibc(python: str, glibc: str | None, passed: bool, found: str, expected: str) -> None:
    check = doctor.check_glibc(python, SETS, glibc)

    assert (check.passed, check.found, check.expected) == (passed, found, expected)
    assert "TWOTOWER_PYTHON=3.10`" in check.remedy


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ("glibc 2.36", "2.36"),
        ("musl 1.2", None),
        ("", None),
        (None, None),
        (ValueError("unrecognized configuration name"), None),
        (OSError("invalid argument"), None),
    ],
)
def test_glibc_version_of_this_system(
    monkeypatch: pytest.MonkeyPatch, answer: str | Exception | None, version: str | None
) -> None:
    def confstr(name: str) -> str | None:
        assert name == "CS_GNU_LIBC_VERSION"
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(doctor.os, "confstr", confstr)

    assert doctor.glibc_version() == version


@pytest.mark.parametrize(
    ("python", "installed", "passed", "found"),
    [
        ("3.10", OLD, True, "python3.10"),
        ("3.12", NEW, True, "python3.12"),
        ("3.10", NEW, False, "a mixture: 2 of python3.12, 1 of python3.10"),
        ("3.12", {**NEW, "scann": "1.3.2"}, False, "a mixture: 2 of python3.12, 1 of python3.10"),
        (
            "3.10",
            {"tensorflow": "2.16.2", "scann": "1.2.9"},
            False,
            "a mixture: 1 of python3.10, 1 of no set, 1 not installed",
        ),
    ],
)
def test_installed_versions_must_be_one_set(
    python: str, installed: dict[str, str], passed: bool, found: str
) -> None:
    check = doctor.check_version_set(python, SETS, installed.get)

    assert (check.name, check.passed, check.found) == ("version set", passed, found)
    assert check.expected == f"all 3 of python{python}"
    assert f"requirements/python{python}.lock" in check.remedy


@pytest.mark.parametrize(
    ("installed", "origin", "passed", "found"),
    [
        ("1.3.2", None, True, "1.3.2"),
        ("1.4.2", "python3.12", False, "1.4.2, a version of python3.12"),
        ("1.2.9", None, False, "1.2.9"),
        (None, None, False, "not installed"),
    ],
)
def test_installed_version_must_satisfy_the_requirement(
    installed: str | None, origin: str | None, passed: bool, found: str
) -> None:
    check = doctor.check_requirement(Requirement("scann==1.3.2"), installed, origin)

    assert (check.name, check.passed, check.found) == ("scann", passed, found)
    assert check.expected == "==1.3.2"
    assert "make" in check.remedy


@pytest.mark.parametrize(
    ("python", "installed", "failed"),
    [
        ("3.10", {**OLD, "ranged": "1.5"}, []),
        ("3.12", {**NEW, "ranged": "1.5"}, []),
        ("3.12", {**NEW, "ranged": "2"}, ["ranged"]),
        ("3.12", {**NEW, "scann": "1.3.2"}, ["scann", "ranged"]),
        ("3.10", {**NEW, "ranged": "1.5"}, ["tensorflow", "scann"]),
    ],
)
def test_every_requirement_of_the_python_is_checked(
    python: str, installed: dict[str, str], failed: list[str]
) -> None:
    checks = doctor.check_requirements(python, SETS, installed.get)

    assert [check.name for check in checks] == ["tensorflow", "scann", "both", "ranged"]
    assert [check.name for check in checks if not check.passed] == failed
    for check in checks:
        if not check.passed and check.name == "scann":
            assert "a version of python3.1" in check.found


@pytest.mark.parametrize(
    ("python", "names"),
    [
        ("3.10", ["python", "glibc", "version set", "tensorflow", "scann", "both", "ranged"]),
        ("3.11", ["python", "glibc", "both", "ranged"]),
    ],
)
def test_versions_are_those_that_the_distribution_declares(
    monkeypatch: pytest.MonkeyPatch, python: str, names: list[str]
) -> None:
    monkeypatch.setattr(doctor, "declared_sets", lambda: SETS)

    checks = doctor.check_versions(python)

    assert [check.name for check in checks] == names


def test_missing_distribution_is_a_failed_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version_set, "DISTRIBUTION", "no-such-distribution")

    (check,) = doctor.check_versions("3.10")

    assert not check.passed
    assert check.found == "not installed"


@pytest.mark.parametrize(
    ("flags", "passed", "found"),
    [
        ("fpu sse4_2 avx avx2 fma bmi2", True, "avx2 fma"),
        ("fpu sse4_2 avx", False, "missing avx2 fma"),
        ("fpu avx2 fma4", False, "missing fma"),
    ],
)
def test_cpu_features(tmp_path: Path, flags: str, passed: bool, found: str) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: avx2 fma in a name\nflags\t\t: {flags}\n")

    check = doctor.check_cpu(cpuinfo, machine="x86_64")

    assert (check.passed, check.found) == (passed, found)


@pytest.mark.parametrize("machine", ["aarch64", "x86_64"])
def test_cpu_check_passes_if_features_are_not_listed(tmp_path: Path, machine: str) -> None:
    check = doctor.check_cpu(tmp_path / "absent", machine)

    assert check.passed
    assert "not listed" in check.found


@pytest.mark.parametrize(
    ("succeeded", "output", "passed"),
    [
        (True, "tf_keras 2.16.0", True),
        (True, "keras 3.12.4", False),
        (False, "ModuleNotFoundError: No module named 'tf_keras'", False),
    ],
)
def test_keras_must_be_keras_2(succeeded: bool, output: str, passed: bool) -> None:
    assert doctor.check_keras(succeeded, output).passed is passed


@pytest.mark.parametrize(
    ("free_bytes", "passed"), [(5 * GB, True), (5 * GB - 1, False), (100 * GB, True), (0, False)]
)
def test_free_disk_limit(tmp_path: Path, free_bytes: int, passed: bool) -> None:
    check = doctor.check_disk(tmp_path, free_bytes, min_free_gb=5)

    assert check.passed is passed
    assert str(tmp_path) in check.found


def test_render_shows_the_remedy_of_failed_checks_and_their_number() -> None:
    good = Check("python", True, "3.10", "3.10", "remedy for python")
    bad = Check("scann", False, "1.4.2", "==1.3.2", "remedy for scann")

    both = doctor.render([good, bad])

    assert "FAILED  scann   1.4.2 (expected ==1.3.2)\n        remedy: remedy for scann" in both
    assert "remedy for python" not in both
    assert both.endswith("1 of 2 checks failed")
    assert doctor.render([good]).endswith("all checks passed")


def _run_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str) -> tuple[bool, str]:
    """Runs `body` as a probe, defined in a temporary module."""
    (tmp_path / "probe_under_test.py").write_text(f"import os, signal, time\ndef probe():\n{body}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def probe() -> None: ...

    monkeypatch.setattr(doctor_probes, "__name__", "probe_under_test")
    return doctor_probes.run_probe(probe)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("    print('start'); print('answer')", (True, "answer")),
        (
            "    raise ImportError('undefined symbol: x')",
            (False, "ImportError: undefined symbol: x"),
        ),
        ("    os.kill(os.getpid(), signal.SIGILL)", (False, "crashed (signal 4)")),
    ],
)
def test_probe_returns_the_last_line_or_the_signal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str, expected: tuple[bool, str]
) -> None:
    assert _run_source(monkeypatch, tmp_path, body) == expected


def test_probe_has_a_timeout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor_probes, "_TIMEOUT_S", 1)

    assert _run_source(monkeypatch, tmp_path, "    time.sleep(60)") == (
        False,
        "no result within 1 s",
    )


def test_this_environment_passes_the_checks_of_versions() -> None:
    versions = doctor.check_versions(running_python())
    keras = doctor.check_keras(*doctor_probes.run_probe(doctor_probes.print_keras))
    scann = doctor.check_scann(*doctor_probes.run_probe(doctor_probes.print_scann_check))

    assert doctor.render([*versions, keras, scann]).endswith("all checks passed")
