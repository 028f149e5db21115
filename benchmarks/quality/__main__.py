"""Quality and cost of the whole pipeline on a named public log, beside the baselines.

    python -m benchmarks.quality LOG [--seed 17 --seed 18] [--set train.max_epochs=5]

LOG is a file or folder in one of the formats that `--help` lists, or a configuration of the
pipeline. It becomes a configuration in the work folder, which `twotower run` runs: ingestion,
training, evaluation and index, every time from nothing. The baselines are measured in the same run
on the same targets. Prints the table on stdout; progress goes to stderr.
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

from benchmarks.quality.logs import ADAPTERS, Adapter, Prepared, recognise
from benchmarks.quality.run import Run, RunFailedError, run_pipeline
from benchmarks.quality.table import render_tables
from benchmarks.quality.work import POLICIES, empty_folder, log_name, prepare, write_config
from pipeline.config import load_settings
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError

_ROOT = Path(__file__).parents[2]


def main() -> int:
    """Prints the table and returns 0; 2 for an unfit log or setting, 1 for a failed run."""
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
    formats = "\n".join(f"  {name}: {adapter.looks_like}" for name, adapter in ADAPTERS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality",
        description=(__doc__ or "").splitlines()[0],
        epilog=f"formats:\n{formats}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("log", type=Path, metavar="LOG", help="a file or a folder")
    parser.add_argument("--format", choices=list(ADAPTERS), help="else told by the content")
    parser.add_argument("--attributes", type=Path, help='of items: JSON {"item": [ids]}')
    parser.add_argument("--split", choices=list(POLICIES), help="else the format's own")
    parser.add_argument("--seed", type=int, action="append", help="of training; repeatable")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY.SUB=VALUE", help="as `twotower run` has"
    )
    parser.add_argument("--output", type=Path, help="work folder; else runs/quality/NAME")
    parser.add_argument("--json", type=Path, help="file for all measurements")
    return parser.parse_args()


def _measure(options: argparse.Namespace) -> None:
    if options.json and not options.json.resolve().parent.is_dir():
        raise InputError(f"--json {options.json}: its folder does not exist")
    adapter = recognise(options.log, options.format)
    name = log_name(options.log)
    folder: Path = options.output or Path("runs", "quality", name)
    empty_folder(folder, options.log)
    prepared = prepare(adapter, options.log, folder, options.attributes, options.split)
    print(f"{options.log}: {adapter.name}: {prepared.facts}", file=sys.stderr)
    config = write_config(folder, name, options.log, prepared)
    settings = load_settings(str(config), options.set)
    source = {
        "twotower": code_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        # Others' work on the machine is in the seconds.
        "load before": round(os.getloadavg()[0], 2),
    }
    runs: list[Run] = []
    for seed in dict.fromkeys(options.seed or [settings.train.seed]):
        runs.append(run_pipeline(config, folder / f"seed-{seed}", seed, options.set))
        if options.json:
            # After each seed: what was measured outlives a failure of the next.
            _write(options.json, _result(options, adapter, prepared, source, runs))
    print(f"{name}: {prepared.facts}; split {settings.split.policy}\n")
    print(render_tables(runs))
    print("  ".join(f"{key} {value}" for key, value in source.items()))


def _write(path: Path, result: dict[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def code_version() -> str:
    """The commit of this source, with -dirty where it was edited; "unknown" without git."""
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
    prepared: Prepared,
    source: dict[str, Any],
    runs: list[Run],
) -> dict[str, Any]:
    return {
        "log": str(options.log),
        "format": adapter.name,
        "facts": prepared.facts,
        "command": shlex.join(["python", "-m", "benchmarks.quality", *sys.argv[1:]]),
        **source,
        "runs": [run.to_dict() for run in runs],
    }


if __name__ == "__main__":
    sys.exit(main())
