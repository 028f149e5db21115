"""Reports of parity, and the gate."""

import pytest

from components.parity.compare import TOLERANCE, Compared
from components.parity.verdict import judge, no_sample

GOOD = Compared(6, TOLERANCE / 2, 1.0)


def test_equal_answers_pass() -> None:
    compared = {"query_embedding": Compared(6, TOLERANCE, None), "recommend": GOOD}

    parity = judge("a.parity", compared, num_ambiguous=3, num_missing=0)

    assert parity.gate.passed
    assert (parity.gate.name, parity.gate.value, parity.gate.threshold) == (
        "a.parity", TOLERANCE, TOLERANCE
    )  # fmt: skip
    assert "query_embedding, recommend answer as training does" in parity.gate.reason
    assert "3 queries left out" in parity.gate.reason
    assert parity.report == {
        "max_difference": TOLERANCE,
        "equal_lists": 1.0,
        "tolerance": TOLERANCE,
        "ambiguous": 3,
        "missing": 0,
        "signatures": {
            "query_embedding": {"rows": 6, "max_difference": TOLERANCE, "equal_lists": None},
            "recommend": {"rows": 6, "max_difference": TOLERANCE / 2, "equal_lists": 1.0},
        },
    }


@pytest.mark.parametrize(
    ("compared", "num_missing", "reason"),
    [
        (Compared(2, 2 * TOLERANCE, 1.0), 0, "recommend differs from training by 2.0e-05"),
        (Compared(2, 0.0, 0.5), 0, "recommend answers other ids in 50.0% of 2 lists"),
        (GOOD, 4, "4 of its queries and items are not in the data of this run"),
    ],
)
def test_other_answers_are_rejected(compared: Compared, num_missing: int, reason: str) -> None:
    parity = judge(
        "a.parity",
        {"recommend": compared, "similar_items": GOOD},
        num_ambiguous=0,
        num_missing=num_missing,
    )

    assert not parity.gate.passed
    assert reason in parity.gate.reason
    assert "train again" in parity.gate.reason


def test_equal_lists_are_a_share_of_all_lists() -> None:
    compared = {"recommend": Compared(2, 0.0, 0.5), "similar_items": GOOD}

    report = judge("a.parity", compared, num_ambiguous=0, num_missing=0).report

    assert report["equal_lists"] == pytest.approx((2 * 0.5 + 6 * 1.0) / (2 + 6))


def test_a_model_without_a_sample_is_not_rejected_and_it_is_said() -> None:
    parity = no_sample("a.parity")

    assert parity.gate.passed
    assert parity.gate.value is None
    assert "no parity sample" in parity.report["left_out"] == parity.gate.reason
