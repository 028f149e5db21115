"""The gate on the ids of a re-indexed catalogue."""

import pytest

from components.data_gate.catalogue_ids import catalogue_ids_gate
from components.gate import Verdict

SERVED = tuple(f"i{n}" for n in range(10))


@pytest.mark.parametrize(
    ("item_ids", "share", "passed"),
    [
        (SERVED, 1.0, True),
        ((*SERVED[:5], *(f"new {n}" for n in range(90))), 0.5, True),
        ((*SERVED[:4], *(f"new {n}" for n in range(90))), 0.4, False),
        (tuple(item.upper() for item in SERVED), 0.0, False),
    ],
)
def test_enough_of_the_served_items_remain(
    item_ids: tuple[str, ...], share: float, passed: bool
) -> None:
    gate = catalogue_ids_gate(item_ids, "7", SERVED, 0.5)

    assert (gate.name, gate.passed) == ("data.catalogue_ids", passed)
    assert (gate.value, gate.threshold) == (share, 0.5)
    assert ("such as 'i0'" in gate.reason) is not passed


@pytest.mark.parametrize(
    ("version", "served_ids", "max_drop", "verdict"),
    [
        (None, None, 0.5, None),
        ("7", None, 0.5, Verdict.UNDECIDED),
        ("7", SERVED, None, None),
    ],
)
def test_without_a_limit_or_ids_nothing_is_rejected(
    version: str | None,
    served_ids: tuple[str, ...] | None,
    max_drop: float | None,
    verdict: Verdict | None,
) -> None:
    gate = catalogue_ids_gate(("other",), version, served_ids, max_drop)
    assert (gate.passed, gate.verdict) == (True, verdict)
