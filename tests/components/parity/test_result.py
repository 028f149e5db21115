"""The report and the gate of a parity check."""

import pytest

from components.parity.compare import TOLERANCE, OutputDifference
from components.parity.result import result_without_sample, summarize_parity

GOOD = OutputDifference(6, TOLERANCE / 2, 1.0)


def test_equal_outputs_pass() -> None:
    compared = {"query_embedding": OutputDifference(6, TOLERANCE, None), "recommend": GOOD}

    parity = summarize_parity("a.parity", compared, num_ambiguous=3, num_missing=0)

    assert parity.gate.passed
    assert (parity.gate.name, parity.gate.value, parity.gate.threshold) == (
        "a.parity", TOLERANCE, TOLERANCE
    )  # fmt: skip
    assert "query_embedding, recommend: serving outputs equal training" in parity.gate.reason
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
        (OutputDifference(2, 2 * TOLERANCE, 1.0), 0, "recommend differs from training by 2.0e-05"),
        (OutputDifference(2, 0.0, 0.5), 0, "recommend returns other ids than training in 50.0% of"),
        (GOOD, 4, "4 sample queries and items are not in the data of this run"),
    ],
)
def test_different_outputs_are_rejected(
    compared: OutputDifference, num_missing: int, reason: str
) -> None:
    parity = summarize_parity(
        "a.parity",
        {"recommend": compared, "similar_items": GOOD},
        num_ambiguous=0,
        num_missing=num_missing,
    )

    assert not parity.gate.passed
    assert reason in parity.gate.reason
    assert "train again" in parity.gate.reason


def test_equal_lists_is_the_share_over_the_lists_of_all_signatures() -> None:
    compared = {"recommend": OutputDifference(2, 0.0, 0.5), "similar_items": GOOD}

    report = summarize_parity("a.parity", compared, num_ambiguous=0, num_missing=0).report

    assert report["equal_lists"] == pytest.approx((2 * 0.5 + 6 * 1.0) / (2 + 6))


def test_a_model_without_a_sample_passes_and_the_report_states_it() -> None:
    parity = result_without_sample("a.parity")

    assert parity.gate.passed
    assert parity.gate.value is None
    assert "no parity sample" in parity.report["left_out"] == parity.gate.reason
