"""The choice of a Python by set-up, on machines that consist of a few fake programs."""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = (
    "bash",
    "cp",
    "dirname",
    "env",
    "grep",
    "head",
    "mkdir",
    "mktemp",
    "readlink",
    "rm",
    "sed",
    "sort",
    "tail",
)
NEW_GLIBC, OLD_GLIBC = "glibc 2.39", "glibc 2.36"

FAKE_UV = """
case "$*" in
  --version) ;;
  "python find --python-preference only-managed"*)
    [[ -e {folder}/uv-$5 ]] && echo {folder}/uv-$5 ;;
  "python install"*) [[ " {downloads} " == *" $3 "* ]] && cp {folder}/python-$3 {folder}/uv-$3 ;;
  *) exit 1 ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """What a machine has.

    Attributes:
      glibc: Output of `getconf GNU_LIBC_VERSION`; "" without glibc.
      on_path: Versions of Python on PATH.
      pyenv: Versions of Python in pyenv.
      downloads: Versions of Python that uv can install; None without uv.
    """

    glibc: str = NEW_GLIBC
    on_path: tuple[str, ...] = ()
    pyenv: tuple[str, ...] = ()
    downloads: tuple[str, ...] | None = None
    variables: dict[str, str] = field(default_factory=dict)


def write_program(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def fake_python(version: str) -> str:
    return f"echo {version}"


def run_on(machine: Machine, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of `.ci` in a copy of the project's scripts and locks."""
    programs = folder / "bin"
    programs.mkdir()
    for tool in TOOLS:
        programs.joinpath(tool).symlink_to(str(shutil.which(tool)))
    write_program(programs / "getconf", f"echo '{machine.glibc}'" if machine.glibc else "exit 1")
    for version in machine.on_path:
        write_program(programs / f"python{version}", fake_python(version))
    # pyenv has a shim for every version, which fails while the version is not active.
    for version in machine.pyenv:
        write_program(
            folder / "pyenv" / "versions" / f"{version}.7" / "bin" / "python", fake_python(version)
        )
        if version not in machine.on_path:
            write_program(programs / f"python{version}", "exit 127")
    if machine.downloads is not None:
        for version in machine.downloads:
            write_program(folder / f"python-{version}", fake_python(version))
        uv = FAKE_UV.format(folder=folder, downloads=" ".join(machine.downloads))
        write_program(programs / "uv", uv)
    project = folder / "project"
    for name in (".ci", "requirements"):
        shutil.copytree(ROOT / name, project / name)
    return subprocess.run(
        command,
        cwd=project,
        env={"PATH": str(programs), "PYENV_ROOT": str(folder / "pyenv"), **machine.variables},
        capture_output=True,
        text=True,
        check=False,
    )


CHOOSE = """
set -euo pipefail
source .ci/pythons.sh
choose_python "$1"
echo "$version"; echo "$python"; echo "$reason"
"""


@pytest.mark.parametrize(
    ("machine", "version", "where", "reason"),
    [
        (Machine(on_path=("3.10", "3.12")), "3.12", "bin/python3.12", "has glibc 2.39"),
        (Machine(pyenv=("3.10", "3.12")), "3.12", "pyenv/versions/3.12.7", "has glibc 2.39"),
        (Machine("glibc 2.41", downloads=("3.12",)), "3.12", "uv-3.12", "has glibc 2.41"),
        (Machine("glibc 2.100", on_path=("3.12",)), "3.12", "bin/python3.12", "has glibc 2.100"),
        (Machine(on_path=("3.10",)), "3.10", "bin/python3.10", "no Python 3.12 was found"),
        (Machine(on_path=("3.10", "3.11", "3.13")), "3.10", "bin/python3.10", "no Python 3.12"),
        (Machine(downloads=("3.10",)), "3.10", "uv-3.10", "no Python 3.12 was found"),
        (Machine(OLD_GLIBC, on_path=("3.10", "3.12")), "3.10", "bin/python3.10", "has 2.36"),
        (Machine("glibc 2.4", on_path=("3.10", "3.12")), "3.10", "bin/python3.10", "has 2.4"),
        (Machine("", on_path=("3.10", "3.12")), "3.10", "bin/python3.10", "has none"),
        (Machine(OLD_GLIBC, pyenv=("3.10", "3.12")), "3.10", "pyenv/versions/3.10.7", "2.36"),
        (
            Machine(on_path=("3.10", "3.12"), variables={"TWOTOWER_PYTHON": "3.10"}),
            "3.10",
            "bin/python3.10",
            "TWOTOWER_PYTHON is 3.10",
        ),
        (
            Machine(on_path=("3.12",), downloads=("3.10",), variables={"TWOTOWER_PYTHON": "3.10"}),
            "3.10",
            "uv-3.10",
            "TWOTOWER_PYTHON is 3.10",
        ),
    ],
)
def test_the_system_and_its_pythons_decide(
    tmp_path: Path, machine: Machine, version: str, where: str, reason: str
) -> None:
    done = run_on(machine, tmp_path, "bash", "-c", CHOOSE, "bash", "")

    assert done.returncode == 0, done.stderr
    chosen, python, why = done.stdout.splitlines()
    assert chosen == version
    assert python.startswith(str(tmp_path / where))
    assert reason in why


@pytest.mark.parametrize("existing", ["3.10", "3.12"])
def test_a_finished_environment_keeps_its_version(tmp_path: Path, existing: str) -> None:
    machine = Machine(on_path=("3.10", "3.12"))

    done = run_on(machine, tmp_path, "bash", "-c", CHOOSE, "bash", existing)

    assert done.stdout.splitlines()[0] == existing


@pytest.mark.parametrize(
    ("machine", "message", "remedy"),
    [
        (Machine(on_path=("3.11", "3.13")), "Python 3.10 is needed", "uv python install 3.10"),
        (Machine(OLD_GLIBC, on_path=("3.12",)), "Python 3.10 is needed", "pyenv install 3.10"),
        (
            Machine(on_path=("3.10",), variables={"TWOTOWER_PYTHON": "3.12"}),
            "Python 3.12 is needed",
            "uv python install 3.12",
        ),
        (
            Machine(OLD_GLIBC, on_path=("3.10", "3.12"), variables={"TWOTOWER_PYTHON": "3.12"}),
            "the version set of Python 3.12 needs glibc 2.39 or later, and this system has 2.36",
            "unset TWOTOWER_PYTHON",
        ),
        (
            Machine(on_path=("3.11",), variables={"TWOTOWER_PYTHON": "3.11"}),
            "TWOTOWER_PYTHON=3.11: there are version sets for Python 3.10 and 3.12",
            "unset TWOTOWER_PYTHON",
        ),
    ],
)
def test_an_impossible_choice_names_what_was_found_and_the_remedy(
    tmp_path: Path, machine: Machine, message: str, remedy: str
) -> None:
    done = run_on(machine, tmp_path, ".ci/bootstrap")

    assert done.returncode == 2
    assert message in done.stderr
    assert remedy in done.stderr


@pytest.mark.parametrize(
    ("found", "machine", "message", "remedy"),
    [
        ("3.10", Machine(), None, None),
        ("3.12", Machine(), None, None),
        ("3.10", Machine(OLD_GLIBC), None, None),
        ("3.10", Machine(variables={"TWOTOWER_PYTHON": "3.10"}), None, None),
        (
            "3.10",
            Machine(variables={"TWOTOWER_PYTHON": "3.12"}),
            "contains the version set of Python 3.10, and TWOTOWER_PYTHON is 3.12",
            "TWOTOWER_PYTHON=3.12 make clean setup",
        ),
        (
            "3.10",
            Machine(OLD_GLIBC, variables={"TWOTOWER_PYTHON": "3.12"}),
            "needs glibc 2.39 or later, and this system has 2.36",
            "unset TWOTOWER_PYTHON",
        ),
        (
            "3.12",
            Machine(OLD_GLIBC),
            ".venv contains Python 3.12: the version set of Python 3.12 needs glibc 2.39",
            "make clean setup",
        ),
        (
            "3.11",
            Machine(),
            ".venv contains Python 3.11: there are version sets for Python 3.10 and 3.12",
            "make clean setup",
        ),
        (None, Machine(), "does not run on this machine: it fails when it is", "make clean setup"),
    ],
)
def test_a_finished_environment_is_checked_before_it_is_used(
    tmp_path: Path, found: str | None, machine: Machine, message: str | None, remedy: str | None
) -> None:
    venv = tmp_path / "project" / ".venv"
    write_program(venv / "bin" / "python", fake_python(found) if found else "exit 127")
    (venv / ".ready").touch()

    done = run_on(machine, tmp_path, ".ci/bootstrap", "check")

    assert done.returncode == (2 if message else 0), done.stderr
    assert (message or "") in done.stderr
    assert (remedy or "") in done.stderr


def test_the_interpreter_that_was_deleted_is_named(tmp_path: Path) -> None:
    python = tmp_path / "project" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/deleted/3.10/bin/python")
    (tmp_path / "project" / ".venv" / ".ready").touch()

    done = run_on(Machine(), tmp_path, ".ci/bootstrap", "check")

    assert done.returncode == 2
    assert "it is a link to /deleted/3.10/bin/python" in done.stderr
    assert "make clean setup" in done.stderr


@pytest.mark.parametrize(
    ("script", "folder", "contained", "message"),
    [
        ("bootstrap-serving", ".venv-serving", "3.10", None),
        ("bootstrap-serving", ".venv-serving", None, "contains no interpreter that runs"),
        ("bootstrap-other", ".venv-other", "3.10", None),
        ("bootstrap-other", ".venv-other", "3.12", "needs Python 3.10 and contains 3.12"),
        ("bootstrap-other", ".venv-other", None, "contains no interpreter that runs"),
    ],
)
def test_an_optional_environment_with_another_python_is_an_error(
    tmp_path: Path, script: str, folder: str, contained: str | None, message: str | None
) -> None:
    project = tmp_path / "project"
    write_program(project / ".venv" / "bin" / "python", fake_python("3.12"))
    body = fake_python(contained) if contained else "exit 127"
    write_program(project / folder / "bin" / "python", body)
    (project / folder / ".ready").touch()

    done = run_on(Machine(), tmp_path, f".ci/{script}", "check")

    assert done.returncode == (2 if message else 0), done.stderr
    assert (message or "") in done.stderr


def test_an_unfinished_environment_passes_the_check_since_set_up_creates_it_again(
    tmp_path: Path,
) -> None:
    write_program(tmp_path / "project" / ".venv" / "bin" / "python", fake_python("3.11"))

    assert run_on(Machine(), tmp_path, ".ci/bootstrap", "check").returncode == 0


@pytest.mark.parametrize(
    ("script", "folder", "venv_python", "machine", "reason"),
    [
        ("bootstrap-serving", ".venv-serving", "3.12", Machine(), "it needs Python 3.10"),
        ("bootstrap-other", ".venv-other", "3.12", Machine(), "it needs Python 3.10"),
        ("bootstrap-other", ".venv-other", "3.10", Machine(), "it needs Python 3.12"),
        ("bootstrap-other", ".venv-other", "3.10", Machine(OLD_GLIBC), "has 2.36"),
    ],
)
def test_an_environment_that_cannot_be_had_leaves_the_reason(
    tmp_path: Path, script: str, folder: str, venv_python: str, machine: Machine, reason: str
) -> None:
    project = tmp_path / "project"
    write_program(project / ".venv" / "bin" / "python", fake_python(venv_python))

    done = run_on(machine, tmp_path, f".ci/{script}")

    assert done.returncode == 0, done.stderr
    assert reason in done.stderr
    assert reason in (project / folder / "absent").read_text("utf-8")
    assert not (project / folder / ".ready").exists()
