"""The metrics of two runs, with paired intervals if both were measured on the same targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator.confidence import paired_bootstrap_intervals
from components.evaluator.paired_comparison import (
    MIN_COMPARED_USERS,
    NEEDED_USERS,
    PairedComparison,
)
from components.gate import Verdict
from components.run_reporter.formatting import natural_key
from pipeline.comparison.recorded_run import RecordedRun
from schemas.evaluation_settings import EvaluationSettings

HIGHER, LOWER, EQUAL, UNDECIDED = "higher", "lower", "equal", "undecided"
# Of a comparison of B with A that accepts no loss.
_VERDICTS = {Verdict.BETTER: HIGHER, Verdict.WORSE: LOWER, Verdict.UNDECIDED: UNDECIDED}
_PROTOCOL = ("candidates", "repeat_interactions")


@dataclass(frozen=True)
class MetricChange:
    """A test metric of two runs.

    Attributes:
      metric: Its name.
      a: Its value in run A; None if A did not measure it.
      b: Its value in run B.
      interval: Lower and upper bound of the 95 % interval of b - a, paired by user; None if the
        runs have different targets, or if the metric has no value per user.
      verdict: EQUAL if the interval is 0; HIGHER or LOWER if it does not contain 0, UNDECIDED if
        it does or if there are too few users; None without an interval.
    """

    metric: str
    a: float | None
    b: float | None
    interval: list[float] | None = None
    verdict: str | None = None

    @property
    def difference(self) -> float | None:
        """The value of B minus that of A."""
        return None if self.a is None or self.b is None else self.b - self.a


@dataclass(frozen=True)
class MetricsComparison:
    """The test metrics of two runs under the headline protocol.

    Attributes:
      is_paired: Whether both runs were measured on the same targets of the same users.
      reason: A sentence on which targets the metrics are of.
      metrics: The metrics in natural order.
    """

    is_paired: bool
    reason: str
    metrics: list[MetricChange]


def compare_metrics(a: RecordedRun, b: RecordedRun) -> MetricsComparison:
    """Compares the test metrics of two runs.

    The targets are the same if the digests of users, times and items are equal; equal numbers of
    targets are not enough. The number of bootstrap samples and their seed are those of run B.
    """
    values = [(run.metrics.get("test") or {}).get("model") or {} for run in (a, b)]
    doubt = _why_not_paired(a, b)
    bounds: dict[str, list[float]] = {}
    if doubt is None and a.users is not None and b.users is not None:
        bounds = _intervals(a.users.by_user, b.users.by_user, b.record.get("config") or {})
    num_users = b.users.num_users if b.users else 0
    rows = [
        MetricChange(
            name,
            values[0].get(name),
            values[1].get(name),
            bounds.get(name),
            _verdict(name, values, bounds[name], num_users) if name in bounds else None,
        )
        for name in sorted({*values[0], *values[1]}, key=natural_key)
    ]
    return MetricsComparison(doubt is None, doubt or _same_targets(a, b), rows)


def _intervals(
    a: Mapping[str, npt.NDArray[np.float64]],
    b: Mapping[str, npt.NDArray[np.float64]],
    config: dict[str, Any],
) -> dict[str, list[float]]:
    evaluation = config.get("evaluation") or {}
    defaults = EvaluationSettings()
    names = [name for name in b if name in a]
    intervals = paired_bootstrap_intervals(
        {name: b[name] for name in names},
        {"a": {name: a[name] for name in names}},
        evaluation.get("bootstrap_samples", defaults.bootstrap_samples),
        evaluation.get("seed", defaults.seed),
    )
    return intervals["model_minus_a"]


def _verdict(name: str, values: list[dict[str, float]], bounds: list[float], users: int) -> str:
    low, high = bounds
    if low == high == 0.0:
        return EQUAL
    a, b = (by_name[name] for by_name in values)
    return _VERDICTS[PairedComparison(name, b, a, low, high, users).verdict()]


def _why_not_paired(a: RecordedRun, b: RecordedRun) -> str | None:
    """Returns why the metrics cannot be paired by user; None if they can."""
    for name, run in (("A", a), ("B", b)):
        if not run.metrics.get("test"):
            return (
                f"run {name} has no evaluation (status {run.record.get('status')!r}), so there is "
                "nothing to compare"
            )
    for name, run in (("A", a), ("B", b)):
        if run.users is None:
            return (
                f"run {name} has no metrics of each user: it is a re-index, an older release wrote "
                "it, or its pipeline_root is missing; without them there are no paired intervals"
            )
    if len({run.users.targets_digest for run in (a, b) if run.users is not None}) == 1:
        return None
    return (
        f"the test targets differ: A has {_size(a)}, B has {_size(b)}, and they are not the same, "
        "so the values are not comparable and there are no paired intervals"
    )


def _same_targets(a: RecordedRun, b: RecordedRun) -> str:
    reason = f"both runs were measured on the same {_size(b)}; intervals are paired by user"
    if b.users is not None and b.users.num_users < MIN_COMPARED_USERS:
        reason += f"; {NEEDED_USERS}"
    before, after = _protocol(a), _protocol(b)
    for key in _PROTOCOL:
        if before.get(key) != after.get(key):
            reason += (
                f"; {key} is {before.get(key)} in A and {after.get(key)} in B, so the differences "
                "include the effect of that"
            )
    return reason


def _protocol(run: RecordedRun) -> dict[str, Any]:
    return run.metrics.get("protocol") or {}


def _size(run: RecordedRun) -> str:
    protocol = _protocol(run)
    return f"{protocol.get('targets', 0):,} targets of {protocol.get('users', 0):,} users"
