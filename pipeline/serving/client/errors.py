"""Errors of requests to a server. Their texts contain the address and what the server said."""

from grpc import StatusCode

_REMEDIES = {
    StatusCode.UNAVAILABLE: "check that a server runs at this address and accepts requests",
    StatusCode.NOT_FOUND: "check the name, version and label of the model in the address",
    StatusCode.DEADLINE_EXCEEDED: "give a longer timeout_s, or check the load of the server",
    StatusCode.RESOURCE_EXHAUSTED: "send smaller requests, or fewer at a time",
    StatusCode.UNAUTHENTICATED: "check the credentials",
    StatusCode.PERMISSION_DENIED: "check the credentials",
    StatusCode.UNIMPLEMENTED: "check that this is the address of TF Serving or `twotower serve`",
}


class ServingError(Exception):
    """A request that was not answered.

    Attributes:
      code: The gRPC status code; for REST, the one that TF Serving maps to the HTTP status.
      message: What the server said, or why there is no answer.
      address: The address of the model.
      is_retriable: Whether the same request may succeed a moment later.
    """

    def __init__(
        self, code: StatusCode, message: str, address: str, *, is_retriable: bool = False
    ) -> None:
        """Takes the attributes."""
        super().__init__(code, message, address)
        self.code = code
        self.message = message
        self.address = address
        self.is_retriable = is_retriable
        self.attempts = 1

    def __str__(self) -> str:
        """Returns the address, the code, the message and what to do."""
        attempts = f" ({self.attempts} attempts)" if self.attempts > 1 else ""
        remedy = _REMEDIES.get(self.code)
        end = f"; {remedy}" if remedy else ""
        return f"{self.address}: {self.code.name}: {self.message}{attempts}{end}"


class UnavailableError(ServingError):
    """No server answers at the address, or it is overloaded or serves no version."""


class DeadlineExceededError(ServingError):
    """There was no answer within the deadline."""


class NotFoundError(ServingError):
    """The server has no such model, version or label."""


class InvalidRequestError(ServingError):
    """The request does not match the model."""


class UnexpectedResponseError(ServingError):
    """The response is not one of TF Serving's API, for example the page of a proxy."""


_CLASSES: dict[StatusCode, type[ServingError]] = {
    StatusCode.UNAVAILABLE: UnavailableError,
    StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    StatusCode.NOT_FOUND: NotFoundError,
    StatusCode.INVALID_ARGUMENT: InvalidRequestError,
    StatusCode.FAILED_PRECONDITION: InvalidRequestError,
    StatusCode.OUT_OF_RANGE: InvalidRequestError,
}


def serving_error(
    code: StatusCode, message: str, address: str, *, is_retriable: bool = False
) -> ServingError:
    """Returns the error of a status code, of the class for this code."""
    error_class = _CLASSES.get(code, ServingError)
    return error_class(code, message, address, is_retriable=is_retriable)


def no_answer(timeout_s: float, address: str) -> ServingError:
    """Returns the error of a deadline that passed.

    Args:
      timeout_s: The time that the last attempt had.
      address: The address of the model.
    """
    message = f"no answer within {timeout_s:.3g} s"
    return DeadlineExceededError(StatusCode.DEADLINE_EXCEEDED, message, address)


def unexpected(message: str, address: str) -> ServingError:
    """Returns the error of a response that is not one of TF Serving's API."""
    remedy = _REMEDIES[StatusCode.UNIMPLEMENTED]
    return UnexpectedResponseError(StatusCode.UNKNOWN, f"{message}; {remedy}", address)
