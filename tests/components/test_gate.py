"""The log lines and JSON values of gate results."""

import json
import logging

import pytest

from components.gate import GateRejectedError, GateResult, Verdict, log_gates
from components.progress import PROGRESS_LOGGER

PASSED = GateResult("data.drift", True, 0.1, 0.3, "2 features are within their limits")
UNDECIDED = GateResult("model.a", True, 0.0, -0.1, "undecided: few users", Verdict.UNDECIDED)
WORSE = GateResult("model.b", False, -0.2, -0.1, "worse: train longer", Verdict.WORSE)


def test_a_gate_that_passed_undecided_is_logged_as_a_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(PROGRESS_LOGGER), "propagate", True)
    with caplog.at_level(logging.INFO, PROGRESS_LOGGER):
        log_gates([PASSED, UNDECIDED, WORSE])

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "✓ data.drift: 2 features are within their limits"),
        ("WARNING", "✓ model.a: undecided: few users"),
        ("INFO", "✗ model.b: worse: train longer"),
    ]


@pytest.mark.parametrize("gate", [PASSED, UNDECIDED, WORSE])
def test_a_result_survives_json(gate: GateResult) -> None:
    read = GateResult(**json.loads(json.dumps(gate.to_dict())))
    assert read == gate
    assert read.is_warning is (gate is UNDECIDED)


def test_the_error_of_a_rejection_names_the_gates_that_rejected() -> None:
    error = GateRejectedError([PASSED, WORSE])
    assert error.failed == (WORSE,)
    assert str(error) == "model.b: worse: train longer"
