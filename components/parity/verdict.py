"""What a step reports of train/serve parity, and the gate on it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from components.gate import GateResult
from components.parity.compare import TOLERANCE, Compared

_NO_SAMPLE = "the model carries no parity sample: it was not exported by this trainer"
_CURE = (
    "training and serving are different programs: what serves would not be what was trained; look "
    "for what the signatures compute otherwise than components/trainer does, and train again"
)


@dataclass(frozen=True)
class Parity:
    """What was found, as it stands in `metrics.json`, and the verdict on it."""

    report: dict[str, Any]
    gate: GateResult


def no_sample(gate: str) -> Parity:
    """There is nothing to compare with: nothing is rejected, and the report says why."""
    return Parity({"left_out": _NO_SAMPLE}, GateResult(gate, True, None, TOLERANCE, _NO_SAMPLE))


def judge(
    gate: str, compared: Mapping[str, Compared], *, num_ambiguous: int, num_missing: int
) -> Parity:
    """Sums the comparisons up.

    Args:
      gate: The gate's name.
      compared: By signature.
      num_ambiguous: Queries left out because two users share their window.
      num_missing: Queries and items of the sample that the data of this run lacks.
    """
    difference = max((one.max_difference for one in compared.values()), default=0.0)
    lists = [one for one in compared.values() if one.equal_lists is not None]
    num_lists = sum(one.rows for one in lists)
    equal = sum(one.rows * (one.equal_lists or 0.0) for one in lists)
    report = {
        "max_difference": difference,
        "equal_lists": equal / num_lists if num_lists else None,
        "tolerance": TOLERANCE,
        "ambiguous": num_ambiguous,
        "missing": num_missing,
        "signatures": {name: asdict(one) for name, one in compared.items()},
    }
    faults = [f"{name} {_fault(one)}" for name, one in compared.items() if not one.is_equal]
    if num_missing:
        faults.append(f"{num_missing} of its queries and items are not in the data of this run")
    if faults:
        reason = f"{'; '.join(faults)}: {_CURE}"
    else:
        reason = (
            f"{', '.join(compared)} answer as training does: they differ by {difference:.1e} at "
            f"most ({TOLERANCE:g} allowed)"
        )
        if num_ambiguous:
            reason += f"; {num_ambiguous} queries left out: two users share their window"
    return Parity(report, GateResult(gate, not faults, difference, TOLERANCE, reason))


def _fault(one: Compared) -> str:
    if one.max_difference > TOLERANCE:
        return f"differs from training by {one.max_difference:.1e} ({TOLERANCE:g} allowed)"
    return f"answers other ids in {1 - (one.equal_lists or 0.0):.1%} of {one.rows} lists"
