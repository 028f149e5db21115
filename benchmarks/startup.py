"""CPU time and duration of whole commands, next to `import tensorflow` alone.

    python -m benchmarks.startup RUN [--rounds 3] [--json FILE]

RUN is the output folder of a finished run, of which a copy is used. Each command is a new process
and its subprocesses. The commands run in turns, and the minimum of each over the rounds is printed
as a table, with the ratio of its CPU time to that of `import tensorflow`. Other load on the machine
changes the seconds, but hardly the ratios.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.environment import environment
from pipeline.environment import quieten
from pipeline.runners import container_main
from pipeline.runners.read_record import read_record, recorded_settings
from schemas.errors import InputError

BASELINE = "import tensorflow"
VERSIONED = ("tensorflow", "tfx", "apache-beam")
_CLI = ("-m", "pipeline.cli")
_NUM_USERS, _NUM_ITEMS, _NUM_EVENTS = 100, 50, 2000


@dataclass(frozen=True)
class Cost:
    """What one process and its subprocesses took.

    Attributes:
      cpu_s: CPU time, user and system.
      wall_s: Duration.
    """

    cpu_s: float
    wall_s: float


def main() -> int:
    """Prints the table and returns 0; 2 if the run cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.startup", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("run", type=Path, help="output folder of a finished run")
    parser.add_argument(
        "--rounds", type=int, default=3, help="runs of each command (default %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    options = parser.parse_args()
    quieten()
    with TemporaryDirectory() as folder:
        try:
            programs = commands(copy_of_run(options.run, Path(folder)), Path(folder))
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        costs = measure(programs, options.rounds)
    print(table(costs))
    if options.json:
        result = {**environment(VERSIONED), "costs": {name: vars(c) for name, c in costs.items()}}
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def copy_of_run(run: Path, folder: Path) -> Path:
    """Copies the records, the report and the pushed versions of a run, but no artifacts.

    Args:
      run: The output folder of the run.
      folder: An existing folder.

    Returns:
      The copy, a folder in `folder`.

    Raises:
      InputError: `run` is not the folder of a finished run with a pushed model inside it.
    """
    settings = recorded_settings(str(run), read_record(str(run)))
    if not (run / "serving" / settings.name).is_dir():
        raise InputError(f"{run}: contains no pushed model; give the folder of a run that pushed")
    copy = folder / "run"
    shutil.copytree(run, copy, ignore=shutil.ignore_patterns("pipeline_root", "*.sqlite"))
    return copy


def commands(run: Path, folder: Path) -> dict[str, Sequence[str]]:
    """Returns the arguments of Python for each command, the baseline first.

    Args:
      run: Folder of a run, which the commands change.
      folder: An existing folder, into which a log and lists are written.
    """
    settings = recorded_settings(str(run), read_record(str(run)))
    model = run / "serving" / settings.name
    version = max(int(path.name) for path in model.iterdir() if path.name.isdigit())
    nothing = folder / "nothing.txt"
    nothing.write_text("", encoding="utf-8")
    return {
        BASELINE: ("-c", BASELINE),
        "twotower --help": (*_CLI, "--help"),
        "twotower report": (*_CLI, "report", str(run)),
        "twotower rollback": (*_CLI, "rollback", str(run), "--to", str(version)),
        "twotower unavailable": (*_CLI, "unavailable", str(run), str(nothing)),
        "twotower recommend": (*_CLI, "recommend", str(model), "--user", "unknown"),
        "twotower ingest": (*_CLI, "ingest", str(write_log(folder))),
        "container --help": ("-m", container_main.__name__, "--help"),
    }


def write_log(folder: Path) -> Path:
    """Writes a small CSV log and its configuration, and returns the path of the latter."""
    rows = (
        f"u{event % _NUM_USERS},i{event * event % _NUM_ITEMS},{1_700_000_000 + 600 * event}\n"
        for event in range(_NUM_EVENTS)
    )
    log = folder / "log.csv"
    log.write_text("user,item,time\n" + "".join(rows), encoding="utf-8")
    fields = {"user_id": "user", "item_id": "item", "timestamp": "time"}
    config = {
        "name": "small",
        "output": str(folder / "small"),
        "interactions": {"path": str(log), "format": "csv", "fields": fields},
    }
    path = folder / "small.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def measure(programs: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Cost]:
    """Runs all programs in turns and returns the minima of each.

    Args:
      programs: Arguments of Python by name.
      rounds: How often each program runs.

    Raises:
      CalledProcessError: A program failed.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, arguments in programs.items():
            costs[name].append(cost_of(arguments))
    return {
        name: Cost(min(c.cpu_s for c in runs), min(c.wall_s for c in runs))
        for name, runs in costs.items()
    }


def cost_of(arguments: Sequence[str]) -> Cost:
    """Runs Python with some arguments and returns what it took.

    The baseline imports TensorFlow with the Keras of this project, because the variable that
    `schemas` sets is inherited.

    Raises:
      CalledProcessError: The exit code is not 0.
    """
    cpu_s, started_s = _children_cpu_s(), time.monotonic()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=os.environ)
    return Cost(_children_cpu_s() - cpu_s, time.monotonic() - started_s)


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def table(costs: Mapping[str, Cost]) -> str:
    """Returns a table with a line for each command."""
    baseline = costs[BASELINE]
    lines = [
        f"| command | CPU, s | wall, s | CPU ÷ `{BASELINE}` |",
        "|---|---|---|---|",
        *(
            f"| `{name}` | {c.cpu_s:.2f} | {c.wall_s:.2f} | {c.cpu_s / baseline.cpu_s:.2f} |"
            for name, c in costs.items()
        ),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
