"""The gates on a model against the model that serves now: overall, and by slice.

Both are measured by their proven towers, those whose training ended with the train split, on the
targets that are later than the ends of both train splits. The served model may have been trained
on these targets as well, and its metrics on them would then be too high.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
import numpy.typing as npt

from components.evaluator.metrics import mean_by_user
from components.evaluator.paired_comparison import (
    MIN_COMPARED_USERS,
    NEEDED_USERS,
    PairedComparison,
    compare_users,
)
from components.evaluator.simultaneous import MIN_USERS, difference_interval, simultaneous_level
from components.evaluator.slice_masks import SliceMasks
from components.gate import GateResult, Verdict
from schemas.evaluation_settings import ModelGateSettings

OVERALL_GATE = "model.against_served"
SLICES_GATE = "model.served_slices"
# The sentence of a rejection names this many slices, those that fall most.
_MAX_NAMED = 3
_NOTHING_SERVED = "no model is served yet, so there is none to compare with"


@dataclass(frozen=True)
class ServedComparison:
    """The values of a metric for the model and for the served one, by query.

    Attributes:
      version: The version that serves.
      metric: The name of the metric.
      model: [num_queries] float64, the values of the model.
      served: [num_queries] float64, those of the proven towers of the version.
      users: [num_queries] int64, user codes.
      is_compared: [num_queries] bool, whether the target is in neither train split.
      targets: Which targets these are, for messages.
      doubt: Why the two models cannot be compared; None if they can.
    """

    version: str
    metric: str
    model: npt.NDArray[np.float64]
    served: npt.NDArray[np.float64]
    users: npt.NDArray[np.int64]
    is_compared: npt.NDArray[np.bool_]
    targets: str
    doubt: str | None = None

    @property
    def num_users(self) -> int:
        """The number of users with a compared target."""
        return len(np.unique(self.users[self.is_compared]))

    def by_user(
        self, mask: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Returns the values of both models per user, each [num_users], over the queries of a mask.

        Only compared targets count.
        """
        mask = mask & self.is_compared
        model, served = (
            mean_by_user(values[mask], self.users[mask]) for values in (self.model, self.served)
        )
        return model, served


def later_targets(
    time_s: npt.NDArray[np.int64], train_end_s: int, served_train_end_s: int | None
) -> tuple[npt.NDArray[np.bool_], str]:
    """Selects the targets that are later than the ends of both train splits.

    Args:
      time_s: [num_queries] int64, the times of the targets.
      train_end_s: The last event of the train split of this run.
      served_train_end_s: That of the version that serves; None if its manifest does not state it.

    Returns:
      [num_queries] bool, and which targets these are, for messages.
    """
    if served_train_end_s is None:
        text = "all targets, because the manifest of that version does not state its train split"
        return np.ones(len(time_s), bool), text
    end_s = max(train_end_s, served_train_end_s)
    is_later = time_s > end_s
    end = datetime.fromtimestamp(end_s, timezone.utc).isoformat(sep=" ", timespec="seconds")
    return is_later, (
        f"the {np.count_nonzero(is_later):,} of {len(time_s):,} targets later than both train "
        f"splits ({end})"
    )


def served_gates(
    settings: ModelGateSettings,
    comparison: ServedComparison | None,
    dimensions: Mapping[str, SliceMasks],
    num_samples: int,
    seed: int,
    doubt: str | None = None,
) -> list[GateResult]:
    """Compares the model with the one that serves, if the settings limit its loss.

    Args:
      settings: The largest accepted relative losses, overall and of a slice.
      comparison: The values of both models; None if no model is served.
      dimensions: For each dimension and slice, [num_queries] bool, whether a query is in it.
      num_samples: Number of bootstrap samples.
      seed: Seed for the bootstrap samples.
      doubt: Why the metric cannot compare rankings; None if it can.
    """
    gates = []
    if settings.max_drop is not None:
        gates.append(_overall(comparison, settings.max_drop, num_samples, seed, doubt))
    if settings.max_slice_drop is not None:
        gates.append(_slices(comparison, settings.max_slice_drop, dimensions, doubt))
    return gates


def _overall(
    comparison: ServedComparison | None,
    max_drop: float,
    num_samples: int,
    seed: int,
    doubt: str | None,
) -> GateResult:
    if comparison is None:
        return GateResult(OVERALL_GATE, True, None, None, _NOTHING_SERVED)
    doubt = doubt or comparison.doubt or _too_few_targets(comparison)
    if doubt is not None:
        return GateResult(OVERALL_GATE, True, None, None, doubt, Verdict.UNDECIDED)
    model, served = comparison.by_user(comparison.is_compared)
    paired = compare_users(comparison.metric, model, served, num_samples, seed)
    tolerance = max_drop * paired.other
    verdict = paired.verdict(tolerance)
    reason = (
        f"{verdict.value}: {paired.describe(f'version {comparison.version}, which serves,')}, on "
        f"{comparison.targets}; a loss of {_percent(max_drop)} ({tolerance:.4f}) is accepted"
    )
    if verdict is Verdict.UNDECIDED:
        reason += f"; {paired.describe_doubt()}"
    passed = verdict is not Verdict.WORSE
    if not passed:
        reason += (
            ": keep what serves, find out what changed in the log or in the settings, or raise "
            "evaluation.gates.max_drop"
        )
    threshold = paired.smallest_accepted(tolerance)
    return GateResult(OVERALL_GATE, passed, paired.difference, threshold, reason, verdict)


def _too_few_targets(comparison: ServedComparison) -> str | None:
    """Returns why there are too few users for a verdict; None if there are enough."""
    if comparison.num_users >= MIN_COMPARED_USERS:
        return None
    return (
        f"undecided: {comparison.num_users} users are too few for a comparison with version "
        f"{comparison.version} on {comparison.targets}; {NEEDED_USERS}: use a log with later "
        "events, or an earlier split"
    )


def _slices(
    comparison: ServedComparison | None,
    max_drop: float,
    dimensions: Mapping[str, SliceMasks],
    doubt: str | None,
) -> GateResult:
    """Compares the slices by simultaneous intervals, so that many slices are no more often worse.

    The level of each interval is that of Bonferroni's inequality
    (`components.evaluator.simultaneous`).
    """
    if comparison is None:
        return GateResult(SLICES_GATE, True, None, None, _NOTHING_SERVED)
    doubt = doubt or comparison.doubt
    if doubt is not None:
        return GateResult(SLICES_GATE, True, None, None, doubt, Verdict.UNDECIDED)
    compared, num_small = _compare_slices(comparison, dimensions)
    if not compared:
        reason = (
            f"undecided: no slice has {MIN_USERS} users or more among {comparison.targets}, so "
            f"that none is compared with version {comparison.version}"
        )
        return GateResult(SLICES_GATE, True, None, None, reason, Verdict.UNDECIDED)
    room = {name: paired.high + max_drop * paired.other for name, paired in compared.items()}
    lowest = min(room, key=lambda name: room[name])
    is_worse = {
        name: paired.verdict(max_drop * paired.other) is Verdict.WORSE
        for name, paired in compared.items()
    }
    worse = sorted(filter(is_worse.__getitem__, room), key=room.__getitem__)
    named = "; ".join(
        f"{name}: {compared[name].describe(f'version {comparison.version}')}"
        for name in worse[:_MAX_NAMED] or [lowest]
    )
    if len(worse) > _MAX_NAMED:
        named += f"; and {len(worse) - _MAX_NAMED} more"
    scope = f"of {len(compared)} slices"
    if num_small:
        scope += f" ({num_small} with fewer than {MIN_USERS} users are not compared)"
    passed = not worse
    if passed:
        reason = f"{scope}, none is shown to lose more than {_percent(max_drop)}; {named}"
    else:
        reason = (
            f"worse: {scope}, {_lose(len(worse))} more than {_percent(max_drop)}; {named}: "
            "check what changed for these queries, leave the dimension out of "
            "evaluation.gates.slices, or raise evaluation.gates.max_slice_drop"
        )
    paired = compared[lowest]
    return GateResult(
        SLICES_GATE,
        passed,
        paired.difference,
        paired.smallest_accepted(max_drop * paired.other),
        reason,
        None if passed else Verdict.WORSE,
    )


def _compare_slices(
    comparison: ServedComparison, dimensions: Mapping[str, SliceMasks]
) -> tuple[dict[str, PairedComparison], int]:
    """Returns the comparison of each slice with enough users, and the number of other slices."""
    by_slice = {
        f"{dimension} {label}": comparison.by_user(mask)
        for dimension, masks in dimensions.items()
        for label, mask in masks.items()
    }
    large = {name: both for name, both in by_slice.items() if len(both[0]) >= MIN_USERS}
    level = simultaneous_level(len(large))
    compared = {}
    for name, (model, served) in large.items():
        low, high = difference_interval(model - served, level)
        compared[name] = PairedComparison(
            comparison.metric,
            float(model.mean()),
            float(served.mean()),
            low,
            high,
            len(model),
            level,
        )
    return compared, len(by_slice) - len(large)


def _lose(num_slices: int) -> str:
    return "1 loses" if num_slices == 1 else f"{num_slices} lose"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"
