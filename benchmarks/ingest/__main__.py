"""Speed and memory of ingesting a JSON Lines log, with and without Apache Beam.

    python -m benchmarks.ingest [--events 1000000] [--large 10000000] [--output FILE.json]

The programs are this project's ingestion, an Arrow and NumPy program without Beam (a lower bound),
and element-wise Beam. All read the same generated log and write the same outputs: gzipped
tf.Examples of windows, single events for statistics, and rejected repeats. Hash sums verify that
the examples are equal. Every run has its own process, import time is not counted, and repetitions
alternate between programs. Prints a table and writes all measurements as JSON. The targets below
the table do not affect the exit code.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from benchmarks.environment import environment
from benchmarks.ingest.generated_log import SEED, write_log
from benchmarks.ingest.programs import (
    ARROW,
    ARROW_PARALLEL,
    CATALOGUE,
    ELEMENT_WISE,
    PROGRAMS,
    TWOTOWER,
    IngestMeasurement,
    digests_of_output,
    measure,
)
from pipeline.environment import quieten

MAX_TIMES_ARROW = 1.5
MIN_TIMES_ELEMENT_WISE = 3.0
MAX_LARGE_TIMES = 11.0
MAX_PEAK_RSS_BYTES = 8e9
VERSIONED = ("apache-beam", "pyarrow", "numpy", "tensorflow")

T = TypeVar("T")


def main() -> int:
    """Prints the table and returns 0; 1 if two programs wrote different examples."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ingest", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--events", type=int, default=1_000_000, help="size of the log (default %(default)s)"
    )
    parser.add_argument(
        "--large",
        type=int,
        default=0,
        help="also ingest a log of this many events, once (default %(default)s)",
    )
    parser.add_argument(
        "--repetitions", type=int, default=3, help="runs of each program (default %(default)s)"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write all results to this JSON file"
    )
    options = parser.parse_args()
    quieten()
    result: dict[str, Any] = {**environment(VERSIONED), "seed": SEED}
    print(" · ".join(f"{key} {value}" for key, value in _flat(result).items()), file=sys.stderr)
    with TemporaryDirectory() as folder:
        result |= _compare(Path(folder), options.events, options.repetitions)
        print(_table(result))
        if options.large:
            result["large"] = _measure_large(Path(folder), options.large)
            print(_large_summary(result))
    if options.output:
        options.output.write_text(json.dumps(result, indent=2) + "\n")
    return 0 if result["same_examples"] else 1


def _compare(folder: Path, num_events: int, repetitions: int) -> dict[str, Any]:
    log = folder / "log.jsonl"
    _in_fresh_process(write_log, log, num_events)
    measurements: dict[str, list[IngestMeasurement]] = {name: [] for name in PROGRAMS}
    digests: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    for repetition in range(repetitions):
        for name in PROGRAMS:
            with TemporaryDirectory(dir=folder) as output:
                print(f"run {repetition + 1} of {repetitions}: {name}", file=sys.stderr)
                measurements[name].append(_in_fresh_process(measure, name, log, Path(output)))
                if name not in digests and name != CATALOGUE:
                    digests[name] = _in_fresh_process(digests_of_output, Path(output))
                    sizes[name] = _folder_bytes(Path(output))
    return {
        "events": num_events,
        "log_bytes": log.stat().st_size,
        "runs": {name: [asdict(run) for run in runs] for name, runs in measurements.items()},
        "output_bytes": sizes,
        "digests": digests,
        "same_examples": all(digest == digests[ARROW] for digest in digests.values()),
    }


def _measure_large(folder: Path, num_events: int) -> dict[str, Any]:
    log = folder / "large.jsonl"
    _in_fresh_process(write_log, log, num_events)
    with TemporaryDirectory(dir=folder) as output:
        print(f"{num_events:,} events: {TWOTOWER}", file=sys.stderr)
        run = _in_fresh_process(measure, TWOTOWER, log, Path(output))
    return {"events": num_events, "log_bytes": log.stat().st_size, **asdict(run)}


def _in_fresh_process(function: Callable[..., T], *args: Any) -> T:
    # Linux counts the parent's memory at the start in a child's peak: this process stays small.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *args).result()


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _table(result: dict[str, Any]) -> str:
    events, runs_by_name = result["events"], result["runs"]
    twotower_s = _median_s(runs_by_name[TWOTOWER])
    lines = [
        f"{events:,} events, {result['log_bytes'] / 1e6:.0f} MB of JSON Lines",
        f"{'':<30}{'best s':>8}{'median s':>10}{'CPU s':>8}{'events/s':>10}{'peak MB':>9}"
        f"{'written MB':>12}{'twotower / this':>17}",
    ]
    for name, runs in runs_by_name.items():
        median_s = _median_s(runs)
        written = result["output_bytes"].get(name)
        lines.append(
            f"{name:<30}{min(run['wall_s'] for run in runs):>8.2f}{median_s:>10.2f}"
            f"{statistics.median(run['cpu_s'] for run in runs):>8.2f}{events / median_s:>10,.0f}"
            f"{max(run['peak_rss_bytes'] for run in runs) / 1e6:>9,.0f}"
            f"{f'{written / 1e6:.1f}' if written else '':>12}{twotower_s / median_s:>17.2f}"
        )
    same = "the same" if result["same_examples"] else "NOT the same"
    lines += [
        f"All programs wrote {same} examples.",
        *(
            f"twotower takes {twotower_s / _median_s(runs_by_name[name]):.2f}x as long as '{name}' "
            f"(target: at most {MAX_TIMES_ARROW}x)"
            for name in (ARROW, ARROW_PARALLEL)
        ),
        f"twotower is {_median_s(runs_by_name[ELEMENT_WISE]) / twotower_s:.2f}x as fast as "
        f"'{ELEMENT_WISE}' (target: at least {MIN_TIMES_ELEMENT_WISE}x)",
    ]
    return "\n".join(lines)


def _large_summary(result: dict[str, Any]) -> str:
    large = result["large"]
    ratio = large["wall_s"] / _median_s(result["runs"][TWOTOWER])
    return (
        f"{large['events']:,} events: {large['wall_s']:.1f} s, "
        f"{large['events'] / large['wall_s']:,.0f} events/s, {ratio:.2f}x as long as "
        f"{result['events']:,} events (target for ten times as many: at most {MAX_LARGE_TIMES}x), "
        f"peak {large['peak_rss_bytes'] / 1e6:,.0f} MB (target: at most "
        f"{MAX_PEAK_RSS_BYTES / 1e6:,.0f} MB)"
    )


def _median_s(runs: list[dict[str, Any]]) -> float:
    return statistics.median(run["wall_s"] for run in runs)


def _flat(facts: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in facts.items() if key != "versions"}
    return {**facts["versions"], **rest}


if __name__ == "__main__":
    sys.exit(main())
