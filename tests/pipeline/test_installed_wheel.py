"""The demo from an installed wheel, in an empty folder, without the repository.

The environment contains the wheel, and the libraries of the environment that runs the tests, which
set-up has installed from the lock.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pipeline.init.starter_logs import NUM_EVENTS, STARTER_LOGS

ROOT = Path(__file__).parents[2]
SOURCE = ("pipeline", "components", "schemas", "setup.py", "pyproject.toml", "LICENSE", "README.md")


@dataclass(frozen=True)
class Installation:
    """An environment with the wheel.

    Attributes:
      folder: The folder of the environment.
      work: An empty folder, the working directory of commands.
    """

    folder: Path
    work: Path

    def run(self, *command: str, timeout_s: float = 600.0) -> subprocess.CompletedProcess[str]:
        """Runs a program of the environment, which must succeed."""
        hidden = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
        done = subprocess.run(
            [self.folder / "bin" / command[0], *command[1:]],
            cwd=self.work,
            env={name: value for name, value in os.environ.items() if name not in hidden},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("installation")
    source, wheels, environment = (folder / name for name in ("source", "wheels", "environment"))
    source.mkdir()
    # setuptools writes into the folder of the source.
    for name in SOURCE:
        path = ROOT / name
        if path.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(path, source / name, ignore=ignored)
        else:
            shutil.copy(path, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-index", "--no-build-isolation"]
    build = [*pip, "wheel", *options, "--wheel-dir", str(wheels), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    venv.create(environment, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    installed = environment / "lib" / version / "site-packages"
    (wheel,) = wheels.glob("*.whl")
    python = environment / "bin" / "python"
    install = [*pip, f"--python={python}", "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    # Files in the folders that a .pth file names are importable, their own .pth files have no
    # effect: not the one by which this repository is installed.
    libraries = Path(sysconfig.get_path("purelib"))
    # They are read in the order of their names.
    (installed / "a-libraries.pth").write_text(f"{libraries}\n")
    if (libraries / "distutils-precedence.pth").exists():
        shutil.copy(libraries / "distutils-precedence.pth", installed)
    work = folder / "work"
    work.mkdir()
    return Installation(environment, work)


def modules_of(installation: Installation) -> dict[str, str | None]:
    """Returns where the packages of this project are in an environment."""
    program = (
        "import importlib.util, json\n"
        "names = ('pipeline', 'components', 'schemas', 'tests', 'benchmarks')\n"
        "specs = {name: importlib.util.find_spec(name) for name in names}\n"
        "print(json.dumps({name: spec and spec.origin for name, spec in specs.items()}))"
    )
    return json.loads(installation.run("python", "-c", program).stdout)


@pytest.mark.slow
def test_the_repository_is_not_importable(installation: Installation) -> None:
    places = modules_of(installation)
    assert {name for name, place in places.items() if place is None} == {"tests", "benchmarks"}
    own = [place for place in places.values() if place is not None]
    assert all(Path(place).is_relative_to(installation.folder) for place in own), places


@pytest.mark.slow
def test_a_starter_configuration_is_written_and_read(installation: Installation) -> None:
    log = next(log for log in STARTER_LOGS if log.name == "movielens_csv")
    log.write(installation.work)
    written = installation.run("twotower", "init", log.log, "--items", str(log.items))
    assert written.stdout == "ml-small.yaml\n"
    counts = json.loads(installation.run("twotower", "ingest", "ml-small.yaml").stdout)
    assert counts["kept"] == NUM_EVENTS


@pytest.mark.nightly
def test_the_demo_runs_from_an_empty_folder(installation: Installation) -> None:
    written = installation.run("twotower", "init", "--demo", "my demo")
    assert written.stdout == "my demo/demo.yaml\n"
    again = installation.run("twotower", "init", "--demo", "my demo")
    assert "is up to date" in again.stderr

    done = installation.run(
        "twotower", "run", "my demo/demo.yaml", "--set", "train.max_epochs=2", timeout_s=1_800.0
    )
    assert "is served" in done.stdout
    assert "left" in done.stderr
    run = installation.work / "runs" / "demo"
    assert (run / "report.html").is_file()
    assert json.loads((run / "run.json").read_text())["status"] == "pushed"
