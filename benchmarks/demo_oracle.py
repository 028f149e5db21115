"""The share of the oracle's Recall@10 that a run on the demo log reaches.

    python -m benchmarks.demo_oracle RUN_DIR

The oracle ranks by the model that generated the log, so no ranking has a higher expected recall.
The protocol is that of the run: every first interaction of a user with a book in the last tenth of
the clean events is a target, the history consists of all earlier events, books that the user has
already seen are excluded, and recall is averaged per user, then over users. Prints a table on
stderr and JSON on stdout.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pipeline.demo.oracle import held_out_targets, oracle_recall
from pipeline.demo.settings import DemoSettings
from pipeline.demo.simulate import simulate
from pipeline.demo.world import build_world
from schemas.steps import METRICS_FILE

K = 10
TEST_FRACTION = 0.1


def read_recalls(run_dir: Path) -> dict[str, float]:
    """Returns the test Recall@10 of the model and of each baseline, by name, the model first.

    Raises:
      ValueError: The file metrics.json or its key `test.model.recall@10` is missing.
    """
    path = run_dir / METRICS_FILE
    if not path.exists():
        raise ValueError(f"{path} does not exist: give the output folder of a finished run")
    test: dict[str, Any] = json.loads(path.read_text()).get("test", {})
    metric = f"recall@{K}"
    if metric not in test.get("model", {}):
        raise ValueError(
            f"{path}: test.model.{metric} is missing; run with {K} in evaluation.cutoffs"
        )
    baselines = test.get("baselines", {})
    return {"model": test["model"][metric]} | {
        name: values[metric] for name, values in baselines.items() if metric in values
    }


def compare(recalls: dict[str, float], settings: DemoSettings) -> dict[str, Any]:
    """Returns the oracle's Recall@10 in the world of `settings` and each ranking's share of it."""
    world = build_world(settings)
    targets = held_out_targets(simulate(world), settings.num_items, TEST_FRACTION)
    oracle = oracle_recall(world, targets, K)
    return {
        "num_targets": len(targets.item),
        "oracle": oracle,
        "rankings": {
            name: {"recall": recall, "share_of_oracle": recall / oracle}
            for name, recall in recalls.items()
        },
    }


def main() -> int:
    """Prints the comparison and returns 0; 1 below --at-least; 2 if the run cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.demo_oracle", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("run_dir", type=Path, help="output folder of a run on the demo log")
    parser.add_argument(
        "--at-least",
        type=float,
        default=0.0,
        help="minimum share for exit code 0 (default %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=DemoSettings.seed, help="seed of the demo log")
    options = parser.parse_args()
    try:
        result = compare(read_recalls(options.run_dir), DemoSettings(seed=options.seed))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{'ranking':<20}{'recall@10':>10}{'of oracle':>11}", file=sys.stderr)
    print(f"{'oracle':<20}{result['oracle']:>10.4f}{1:>11.1%}", file=sys.stderr)
    for name, row in result["rankings"].items():
        print(f"{name:<20}{row['recall']:>10.4f}{row['share_of_oracle']:>11.1%}", file=sys.stderr)
    print(json.dumps(result, indent=2))
    return 0 if result["rankings"]["model"]["share_of_oracle"] >= options.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
