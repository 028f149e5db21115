"""Quality, time and memory of the whole pipeline on a public log, compared with the baselines.

    python -m benchmarks.quality LOG [--seed 17 --seed 18] [--set train.max_epochs=5]

LOG is a file or folder in one of the formats that `--help` lists, or a configuration of the
pipeline. The program writes a configuration into the work folder and runs `twotower run` with it:
ingestion, training, evaluation and index, without cached results. The baselines are evaluated in
the same run on the same targets. Prints a table on stdout; progress goes to stderr.
"""

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.quality.logs import ADAPTERS, Adapter, PreparedLog, recognise
from benchmarks.quality.measured_run import MeasuredRun, RunFailedError, run_pipeline
from benchmarks.quality.table import render_tables
from benchmarks.quality.work_folder import (
    POLICIES,
    empty_folder,
    log_name,
    prepare_log,
    write_config,
)
from pipeline.config import load_settings
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError

_ROOT = Path(__file__).parents[2]


def main() -> int:
    """Prints the table and returns 0; 2 for an invalid log or setting, 1 for a failed run."""
    options = _options()
    quieten()
    try:
        _measure(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(ExitCode.BAD_INPUT)
    except RunFailedError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(ExitCode.FAILED)
    return 0


def _options() -> argparse.Namespace:
    formats = "\n".join(f"  {name}: {adapter.description}" for name, adapter in ADAPTERS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality",
        description=(__doc__ or "").splitlines()[0],
        epilog=f"formats:\n{formats}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("log", type=Path, metavar="LOG", help="a file or a folder")
    parser.add_argument(
        "--format", choices=list(ADAPTERS), help="format of the log (default: by its content)"
    )
    parser.add_argument(
        "--attributes",
        type=Path,
        metavar="FILE",
        help='item attributes of a sequence log: JSON {"item": [ids]}',
    )
    parser.add_argument(
        "--split", choices=list(POLICIES), help="split policy (default: that of the format)"
    )
    parser.add_argument("--seed", type=int, action="append", help="seed of training; repeatable")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY.SUB=VALUE",
        help="setting, as in `twotower run --set`; repeatable",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="work folder (default: runs/quality/NAME)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to this file")
    return parser.parse_args()


def _measure(options: argparse.Namespace) -> None:
    if options.json and not options.json.resolve().parent.is_dir():
        raise InputError(f"--json {options.json}: the folder does not exist; create it first")
    adapter = recognise(options.log, options.format)
    name = log_name(options.log)
    folder: Path = options.output or Path("runs", "quality", name)
    empty_folder(folder, options.log)
    prepared = prepare_log(adapter, options.log, folder, options.attributes, options.split)
    print(f"{options.log}: {adapter.name}: {prepared.facts}", file=sys.stderr)
    config = write_config(folder, name, options.log, prepared)
    settings = load_settings(str(config), options.set)
    environment = {
        "twotower": code_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        # Other processes on the machine lengthen the times.
        "load before": round(os.getloadavg()[0], 2),
    }
    runs: list[MeasuredRun] = []
    for seed in dict.fromkeys(options.seed or [settings.train.seed]):
        runs.append(run_pipeline(config, folder / f"seed-{seed}", seed, options.set))
        if options.json:
            # Written after each seed, so that a failed run does not lose earlier results.
            _write(options.json, _result(options, adapter, prepared, environment, runs))
    print(f"{name}: {prepared.facts}; split {settings.split.policy}\n")
    print(render_tables(runs))
    print("  ".join(f"{key} {value}" for key, value in environment.items()))


def _write(path: Path, result: dict[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def code_version() -> str:
    """Returns the commit of this source, with -dirty if it was edited; "unknown" without git."""
    try:
        described = subprocess.run(
            ["git", "-C", str(_ROOT), "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()


def _result(
    options: argparse.Namespace,
    adapter: Adapter,
    prepared: PreparedLog,
    environment: dict[str, Any],
    runs: list[MeasuredRun],
) -> dict[str, Any]:
    return {
        "log": str(options.log),
        "format": adapter.name,
        "facts": prepared.facts,
        "command": shlex.join(["python", "-m", "benchmarks.quality", *sys.argv[1:]]),
        **environment,
        "runs": [run.to_dict() for run in runs],
    }


if __name__ == "__main__":
    sys.exit(main())
