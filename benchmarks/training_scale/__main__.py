"""Time and memory of the trainer, by number of items and of targets.

    python -m benchmarks.training_scale [--sizes 100000x1000000 1000000x10000000] [--learned 200000]

A size is a number of items and a number of training targets of a synthetic log with histories of
up to 50 events, whose items have a title, a genre and a price. The recipe chooses all settings; the
training learns about `--learned` of the targets, in random windows, with the tables and the
popularity of the whole log. Each size is trained in a process of its own, which reports the time
and the largest resident memory of each stage. Prints a table.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.environment import environment
from benchmarks.training_scale.table import table

SIZES = ("100000x1000000", "1000000x10000000")
_RESULT = "measured.json"


def main() -> int:
    """Prints the table; each size starts this program again, in its own process."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training_scale",
        description=(__doc__ or "").splitlines()[0],
    )
    parser.add_argument(
        "--sizes", nargs="+", default=SIZES, metavar="ITEMSxTARGETS", help="the sizes to train"
    )
    parser.add_argument(
        "--learned", type=int, default=200_000, help="targets to learn (default 200,000)"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the log (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to this file")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        (size,) = options.sizes
        measured = _measure(size, options.learned, options.seed, options.folder)
        (options.folder / _RESULT).write_text(json.dumps(measured))
        return 0
    rows = [_in_own_process(size, options) for size in options.sizes]
    print(table(rows))
    if options.json:
        result = {"sizes": rows, **environment(["tensorflow"])}
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


def _in_own_process(size: str, options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--sizes", size, "--learned", str(options.learned), "--seed", options.seed]
        program = [sys.executable, "-m", "benchmarks.training_scale", *map(str, arguments)]
        subprocess.run([*program, "--folder", folder], check=True)
        measured: dict[str, Any] = json.loads(Path(folder, _RESULT).read_text())
        return measured


def _measure(size: str, learned: int, seed: int, folder: Path) -> dict[str, Any]:
    # The parent process does not import TensorFlow, and stays small.
    from benchmarks.training_scale.stages import train_and_export
    from benchmarks.training_scale.synthetic_log import write_log

    num_items, num_targets = map(int, size.split("x"))
    return train_and_export(folder, write_log(folder, num_items, num_targets, seed), learned)


if __name__ == "__main__":
    sys.exit(main())
