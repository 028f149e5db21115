"""Errors of requests, with the status codes that TF Serving gives them."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf
from grpc import StatusCode as Code

# ToHTTPStatusCode in TF Serving's http_server.cc; other codes are 500.
_HTTP_STATUS = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.UNAUTHENTICATED: 401,
}
_BY_NUMBER = {code.value[0]: code for code in Code}


class RequestError(Exception):
    """A request that cannot be answered.

    Attributes:
      code: The gRPC status code.
      message: What is wrong.
    """

    def __init__(self, code: Code, message: str) -> None:
        """Takes the status code and the message."""
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def http_status(self) -> int:
        """The status of the HTTP response."""
        return http_status(self.code)


def invalid(message: str) -> RequestError:
    """Returns the error of a request with invalid content."""
    return RequestError(Code.INVALID_ARGUMENT, message)


def http_status(code: Code) -> int:
    """Returns the HTTP status of a gRPC status code.

    >>> http_status(Code.NOT_FOUND)
    404
    """
    return _HTTP_STATUS.get(code, 500)


@contextmanager
def tensorflow_errors() -> Iterator[None]:
    """Raises errors of TensorFlow as errors of the request, with the same code and message."""
    try:
        yield
    except tf.errors.OpError as error:
        code = _BY_NUMBER.get(error.error_code, Code.UNKNOWN)
        raise RequestError(code, error.message) from error
    except UnicodeDecodeError as error:
        # The session raises this in place of an error whose message quotes a string of the request.
        raise invalid(error.object.decode("utf-8", "replace")) from error
