"""The gates on rejected records, at their limits and on both sides of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.data_gate.reject_gates import reject_gates
from components.gate import GateResult
from schemas.events import RejectReason
from schemas.source_settings import SourceSettings

REASONS = st.sampled_from(RejectReason)


def gates(rejects: dict[str, int], read: int = 100, **limits: Any) -> list[GateResult]:
    return reject_gates("interactions", SourceSettings(format="csv", **limits), read, rejects)


@pytest.mark.parametrize(("invalid", "passed"), [(0, True), (10, True), (11, False)])
def test_the_gate_rejects_above_the_limit(invalid: int, passed: bool) -> None:
    (gate,) = gates({"unparseable": invalid}, max_reject_fraction=10 / 100)
    assert gate.name == "data.interaction_reject_fraction"
    assert (gate.passed, gate.value, gate.threshold) == (passed, invalid / 100, 10 / 100)
    assert ("raise interactions.max_reject_fraction" in gate.reason) == (not passed)


def test_only_invalid_records_count_and_the_most_frequent_reason_is_first() -> None:
    rejects = {"duplicate": 3, "bad_value": 4, "too_few_user_events": 90, "unknown_item": 0}
    (gate,) = gates(rejects)
    assert gate.value == (3 + 4) / 100
    counts = "7 of 100 records were rejected as invalid (bad_value 4, duplicate 3)"
    assert gate.reason == f"{counts}: 7%, at most 10% allowed"


@pytest.mark.parametrize(
    ("rejects", "proposed"),
    [
        ({"missing_field": 243, "duplicate": 20}, "missing_field: 0.25"),
        ({"duplicate": 999, "missing_field": 1}, "duplicate: 1"),
        ({"duplicate": 200, "missing_field": 150}, None),
        ({"bad_timestamp": 900}, None),
    ],
    ids=["purchases without user", "a log as catalogue", "two reasons", "never expected"],
)
def test_the_remedy_proposes_a_limit_with_which_the_gate_passes(
    rejects: dict[str, int], proposed: str | None
) -> None:
    (gate,) = gates(rejects, read=1_000)
    if proposed is None:
        assert "reject_limits" not in gate.reason
        return
    assert f"(interactions.reject_limits: {{{proposed}}})" in gate.reason
    reason, limit = proposed.split(": ")
    limits = {RejectReason(reason): float(limit)}
    assert all(gate.passed for gate in gates(rejects, read=1_000, reject_limits=limits))


def test_the_value_is_zero_if_no_record_was_read() -> None:
    assert [gate.value for gate in gates({}, read=0, reject_limits={"late": 0.5})] == [0.0, 0.0]


def test_an_unknown_reason_raises_a_value_error() -> None:
    with pytest.raises(ValueError, match="bad_luck"):
        gates({"bad_luck": 1})


def test_a_reason_with_its_own_limit_has_its_own_gate() -> None:
    limits = {RejectReason.DUPLICATE: 0.02, RejectReason.BAD_VALUE: 0.5}
    total, bad_value, duplicate = gates(
        {"duplicate": 3, "bad_value": 40, "late": 10}, max_reject_fraction=0.1, reject_limits=limits
    )
    assert (total.passed, total.value) == (True, 10 / 100)  # late only
    assert "duplicate" not in total.reason
    assert (bad_value.passed, bad_value.value, bad_value.threshold) == (True, 40 / 100, 0.5)
    assert duplicate.name == "data.interaction_reject_fraction.duplicate"
    assert (duplicate.passed, duplicate.value, duplicate.threshold) == (False, 3 / 100, 0.02)
    assert "3 of 100 records were rejected as duplicate: 3%, at most 2% allowed" in duplicate.reason
    assert "raise interactions.reject_limits.duplicate" in duplicate.reason


@pytest.mark.parametrize(("count", "passed"), [(0, True), (1, False)])
def test_a_limit_of_zero_allows_no_record(count: int, passed: bool) -> None:
    _, gate = gates({"erased": count}, read=1_000_000, reject_limits={RejectReason.ERASED: 0.0})
    assert (gate.passed, gate.value) == (passed, count / 1_000_000)
    assert "none allowed" in gate.reason
    assert ("0.0001%" in gate.reason) == (not passed)


@given(st.dictionaries(REASONS, st.integers(0, 50)), st.dictionaries(REASONS, st.floats(0, 1)))
def test_every_invalid_record_counts_in_exactly_one_gate(
    rejects: dict[RejectReason, int], limits: dict[RejectReason, float]
) -> None:
    read = sum(rejects.values()) + 10
    results = gates({r.value: n for r, n in rejects.items()}, read, reject_limits=limits)
    counted = sum(round((gate.value or 0.0) * read) for gate in results)
    assert counted == sum(n for r, n in rejects.items() if r.is_invalid or r in limits)
    assert len({gate.name for gate in results}) == len(results) == 1 + len(limits)
    assert all(gate.passed == ((gate.value or 0.0) <= (gate.threshold or 0.0)) for gate in results)
    assert all((" or raise interactions." in gate.reason) == (not gate.passed) for gate in results)
