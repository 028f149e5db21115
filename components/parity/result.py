"""The parity section of a step's report, and the gate on it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from components.gate import GateResult
from components.parity.compare import TOLERANCE, OutputDifference

_NO_SAMPLE = "the model has no parity sample: it was not exported by this trainer"
_REMEDY = (
    "the exported signatures do not compute what was trained; look for differences between them "
    "and components/trainer, and train again"
)


@dataclass(frozen=True)
class ParityResult:
    """The parity of a model.

    Attributes:
      report: JSON values for `metrics.json`.
      gate: The result of the parity gate.
    """

    report: dict[str, Any]
    gate: GateResult


def result_without_sample(gate: str) -> ParityResult:
    """The result for a model without a parity sample: the gate passes, and the report says why."""
    return ParityResult(
        {"left_out": _NO_SAMPLE}, GateResult(gate, True, None, TOLERANCE, _NO_SAMPLE)
    )


def summarize_parity(
    gate: str,
    differences: Mapping[str, OutputDifference],
    *,
    num_ambiguous: int,
    num_missing: int,
) -> ParityResult:
    """Summarizes the differences of all signatures into a report and a gate.

    Args:
      gate: The gate's name.
      differences: The difference of each signature.
      num_ambiguous: Queries that were left out because two users have the same window.
      num_missing: Queries and items of the sample that do not occur in the data of this run. The
        gate rejects the model if there are any.
    """
    max_difference = max((one.max_difference for one in differences.values()), default=0.0)
    lists = [one for one in differences.values() if one.equal_lists is not None]
    num_lists = sum(one.rows for one in lists)
    num_equal = sum(one.rows * (one.equal_lists or 0.0) for one in lists)
    report = {
        "max_difference": max_difference,
        "equal_lists": num_equal / num_lists if num_lists else None,
        "tolerance": TOLERANCE,
        "ambiguous": num_ambiguous,
        "missing": num_missing,
        "signatures": {name: asdict(one) for name, one in differences.items()},
    }
    failures = [f"{name} {_failure(one)}" for name, one in differences.items() if not one.is_equal]
    if num_missing:
        failures.append(f"{num_missing} sample queries and items are not in the data of this run")
    if failures:
        reason = f"{'; '.join(failures)}: {_REMEDY}"
    else:
        reason = (
            f"{', '.join(differences)}: serving outputs equal training outputs; largest difference "
            f"{max_difference:.1e} ({TOLERANCE:g} allowed)"
        )
        if num_ambiguous:
            reason += f"; {num_ambiguous} queries left out because two users have the same window"
    return ParityResult(report, GateResult(gate, not failures, max_difference, TOLERANCE, reason))


def _failure(difference: OutputDifference) -> str:
    if difference.max_difference > TOLERANCE:
        return f"differs from training by {difference.max_difference:.1e} ({TOLERANCE:g} allowed)"
    share = 1 - (difference.equal_lists or 0.0)
    return f"returns other ids than training in {share:.1%} of {difference.rows} lists"
