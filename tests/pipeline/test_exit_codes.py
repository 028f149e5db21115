"""The exit code and the message of an error, at any depth of its chain."""

import pytest

from components.gate import GateRejectedError, GateResult
from pipeline.exit_codes import ExitCode, error_message, exit_code
from schemas.errors import InputError

FAILED = GateResult(
    "data.rejects", False, 0.5, 0.1, "half of the records are rejected; correct the fields"
)
PASSED = GateResult("data.drift", True, None, None, "first run")


def raised_from(cause: Exception) -> Exception:
    try:
        try:
            raise cause
        except Exception as inner:
            raise RuntimeError("the component failed") from inner
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize(
    ("cause", "code", "message"),
    [
        (InputError("log.csv: no such file"), ExitCode.BAD_INPUT, "log.csv: no such file"),
        (
            GateRejectedError([FAILED, PASSED]),
            ExitCode.DATA_REJECTED,
            "data.rejects: half of the records are rejected; correct the fields",
        ),
        (KeyError("x"), ExitCode.FAILED, "RuntimeError: the component failed"),
    ],
)
def test_the_first_error_of_this_project_decides(
    cause: Exception, code: ExitCode, message: str
) -> None:
    error = raised_from(cause)
    assert exit_code(error) is code
    assert error_message(error) == message


def test_rejection_contains_all_gates_and_the_failed_ones() -> None:
    rejection = GateRejectedError([FAILED, PASSED])
    assert rejection.gates == (FAILED, PASSED)
    assert rejection.failed == (FAILED,)


def test_codes_are_as_documented() -> None:
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4]
