"""Ingestion of a JSON Lines log beside a floor without Beam and beside element-wise Beam.

    python -m benchmarks.ingest [--events 1000000] [--large 10000000] [--output FILE.json]

Every program reads the same generated log and writes the same examples, compared by their hash
sums: gzipped tf.Examples in windows, single events for statistics, rejected repeats. Each run has
a process of its own; imports are not counted; repetitions alternate. Prints a table; writes all
measurements as JSON. Targets stand beside the measurements and nothing depends on them.
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
from benchmarks.ingest import log as ingest_log
from benchmarks.ingest.programs import (
    CATALOGUE,
    ELEMENT_WISE,
    FLOOR,
    FLOOR_PARALLEL,
    OURS,
    PROGRAMS,
    Measured,
    digests,
    measure,
)
from pipeline.environment import quieten

MAX_TIMES_FLOOR = 1.5
MIN_TIMES_ELEMENT_WISE = 3.0
MAX_LARGE_TIMES = 11.0
MAX_PEAK_RSS_BYTES = 8e9
VERSIONED = ("apache-beam", "pyarrow", "numpy", "tensorflow")

T = TypeVar("T")


def main() -> int:
    """Prints the table and returns 0; 1 where two programs wrote different examples."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ingest", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=0, help="ingest so many events as well, once")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--output", type=Path, help="JSON file for all measurements")
    options = parser.parse_args()
    quieten()
    result: dict[str, Any] = {**environment(VERSIONED), "seed": ingest_log.SEED}
    print(" · ".join(f"{key} {value}" for key, value in _flat(result).items()), file=sys.stderr)
    with TemporaryDirectory() as folder:
        result |= _compared(Path(folder), options.events, options.repetitions)
        print(_table(result))
        if options.large:
            result["large"] = _large(Path(folder), options.large)
            print(_large_table(result))
    if options.output:
        options.output.write_text(json.dumps(result, indent=2) + "\n")
    return 0 if result["same_examples"] else 1


def _compared(folder: Path, num_events: int, repetitions: int) -> dict[str, Any]:
    log = folder / "log.jsonl"
    _in_fresh_process(ingest_log.write_log, log, num_events)
    runs: dict[str, list[Measured]] = {name: [] for name in PROGRAMS}
    found: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    for repetition in range(repetitions):
        for name in PROGRAMS:
            with TemporaryDirectory(dir=folder) as output:
                print(f"run {repetition + 1} of {repetitions}: {name}", file=sys.stderr)
                runs[name].append(_in_fresh_process(measure, name, log, Path(output)))
                if name not in found and name != CATALOGUE:
                    found[name] = _in_fresh_process(digests, Path(output))
                    sizes[name] = _bytes_below(Path(output))
    return {
        "events": num_events,
        "log_bytes": log.stat().st_size,
        "runs": {name: [asdict(run) for run in of] for name, of in runs.items()},
        "output_bytes": sizes,
        "digests": found,
        "same_examples": all(digest == found[FLOOR] for digest in found.values()),
    }


def _large(folder: Path, num_events: int) -> dict[str, Any]:
    log = folder / "large.jsonl"
    _in_fresh_process(ingest_log.write_log, log, num_events)
    with TemporaryDirectory(dir=folder) as output:
        print(f"{num_events:,} events: {OURS}", file=sys.stderr)
        run = _in_fresh_process(measure, OURS, log, Path(output))
    return {"events": num_events, "log_bytes": log.stat().st_size, **asdict(run)}


def _in_fresh_process(function: Callable[..., T], *args: Any) -> T:
    # This process stays small: a child's peak memory counts from what its parent held.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *args).result()


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _table(result: dict[str, Any]) -> str:
    events, runs = result["events"], result["runs"]
    ours_s = _median_s(runs[OURS])
    lines = [
        f"{events:,} events, {result['log_bytes'] / 1e6:.0f} MB of JSON lines",
        f"{'':<28}{'best s':>8}{'median s':>10}{'CPU s':>8}{'rows/s':>10}{'peak MB':>9}"
        f"{'written MB':>12}{'twotower / it':>15}",
    ]
    for name, of in runs.items():
        median_s = _median_s(of)
        written = result["output_bytes"].get(name)
        lines.append(
            f"{name:<28}{min(run['wall_s'] for run in of):>8.2f}{median_s:>10.2f}"
            f"{statistics.median(run['cpu_s'] for run in of):>8.2f}{events / median_s:>10,.0f}"
            f"{max(run['peak_rss_bytes'] for run in of) / 1e6:>9,.0f}"
            f"{f'{written / 1e6:.1f}' if written else '':>12}{ours_s / median_s:>15.2f}"
        )
    same = "the same" if result["same_examples"] else "NOT the same"
    lines += [
        f"All programs wrote {same} examples.",
        *(
            f"{ours_s / _median_s(runs[floor]):.2f} times '{floor}' (target: at most "
            f"{MAX_TIMES_FLOOR})"
            for floor in (FLOOR, FLOOR_PARALLEL)
        ),
        f"{_median_s(runs[ELEMENT_WISE]) / ours_s:.2f} times as fast as {ELEMENT_WISE} "
        f"(target: at least {MIN_TIMES_ELEMENT_WISE})",
    ]
    return "\n".join(lines)


def _large_table(result: dict[str, Any]) -> str:
    large = result["large"]
    ratio = large["wall_s"] / _median_s(result["runs"][OURS])
    return (
        f"{large['events']:,} events: {large['wall_s']:.1f} s, "
        f"{large['events'] / large['wall_s']:,.0f} rows/s, {ratio:.2f} times the time of "
        f"{result['events']:,} (target for ten times as many: at most {MAX_LARGE_TIMES}), peak "
        f"{large['peak_rss_bytes'] / 1e6:,.0f} MB (target: at most {MAX_PEAK_RSS_BYTES / 1e6:,.0f})"
    )


def _median_s(runs: list[dict[str, Any]]) -> float:
    return statistics.median(run["wall_s"] for run in runs)


def _flat(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts["versions"], **{key: of for key, of in facts.items() if key != "versions"}}


if __name__ == "__main__":
    sys.exit(main())
