"""`twotower doctor`: when each check passes and fails, and how the results are printed."""

import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pipeline.commands import doctor, doctor_probes
from pipeline.commands.doctor import Check

GB = 10**9


@pytest.mark.parametrize(
    ("version", "passed"), [((3, 10), True), ((3, 9), False), ((3, 11), False), ((2, 10), False)]
)
def test_interpreter_must_be_3_10(version: tuple[int, int], passed: bool) -> None:
    check = doctor.check_interpreter(version)

    assert check.passed is passed
    assert check.found == f"{version[0]}.{version[1]}"


@pytest.mark.parametrize(
    ("installed", "passed", "found"),
    [
        ("1.3.2", True, "1.3.2"),
        ("1.4.2", False, "1.4.2"),
        (None, False, "not installed"),
    ],
)
def test_installed_version_must_satisfy_the_requirement(
    installed: str | None, passed: bool, found: str
) -> None:
    check = doctor.check_requirement(Requirement("scann==1.3.2"), installed)

    assert (check.name, check.passed, check.found) == ("scann", passed, found)
    assert check.expected == "==1.3.2"
    assert "make" in check.remedy


def test_requirements_of_extras_are_not_run_time_requirements() -> None:
    lines = [
        "numpy==1.26.4",
        'pytest>=8; extra == "dev"',
        'typer>=0.12; python_version >= "3.8"',
        'enum34>=1; python_version < "3"',
    ]

    assert [r.name for r in doctor.declared_requirements(lines)] == ["numpy", "typer"]


def test_requirements_come_from_the_distributions_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: ["a==1", "b>=2", "c<3"])
    monkeypatch.setattr(doctor, "installed_version", {"a": "1", "b": "1.9", "c": None}.get)

    checks = doctor.check_requirements()

    assert [(c.name, c.passed) for c in checks] == [("a", True), ("b", False), ("c", False)]


def test_missing_distribution_is_a_failed_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DISTRIBUTION", "no-such-distribution")

    (check,) = doctor.check_requirements()

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
    interpreter = doctor.check_interpreter(sys.version_info[:2])
    keras = doctor.check_keras(*doctor_probes.run_probe(doctor_probes.print_keras))
    scann = doctor.check_scann(*doctor_probes.run_probe(doctor_probes.print_scann_check))

    assert doctor.render([interpreter, keras, scann]).endswith("all checks passed")
