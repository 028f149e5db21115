import logging

import pytest
from aiohttp.http_exceptions import BadHttpMessage, ContentEncodingError

from pipeline.serving.http_logger import http_logger


@pytest.mark.parametrize(
    ("error", "is_logged"),
    [
        (BadHttpMessage("x"), False),
        (ContentEncodingError("x"), False),
        (ConnectionResetError("x"), False),
        (ValueError("x"), True),
    ],
)
def test_errors_that_clients_cause_are_not_logged(
    caplog: pytest.LogCaptureFixture, error: Exception, is_logged: bool
) -> None:
    http_logger().error("failed", exc_info=error)
    assert bool(caplog.records) == is_logged


def test_a_message_without_an_error_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        http_logger().warning("something else")
    assert caplog.messages == ["something else"]
