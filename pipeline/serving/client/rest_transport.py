"""TF Serving's REST API."""

import json
import time
from collections.abc import Callable, Mapping
from http.client import BadStatusLine, HTTPException
from typing import Any, TypeVar

import requests
from grpc import StatusCode
from urllib3 import Timeout
from urllib3.exceptions import HTTPError, ReadTimeoutError

from pipeline.serving.client.address import Address
from pipeline.serving.client.deadline_adapter import DeadlineAdapter
from pipeline.serving.client.errors import ServingError, no_answer, serving_error, unexpected
from pipeline.serving.client.json_values import json_value, metadata_of, output_arrays, statuses_of
from pipeline.serving.client.signature import Arrays, Metadata, Signature
from pipeline.serving.version_status import VersionStatus

T = TypeVar("T")

# The gRPC code of a status. TF Serving sends most of them; proxies send the others.
_CODES = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    409: StatusCode.ABORTED,
    413: StatusCode.RESOURCE_EXHAUSTED,
    429: StatusCode.RESOURCE_EXHAUSTED,
    499: StatusCode.CANCELLED,
    500: StatusCode.INTERNAL,
    501: StatusCode.UNIMPLEMENTED,
    502: StatusCode.UNAVAILABLE,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}
_RETRIABLE = (429, 502, 503)
_PIECE_BYTES = 8192
_SHOWN = 200


class RestTransport:
    """The REST API, over connections that stay open.

    Attributes:
      address: The address of the model.
    """

    def __init__(self, address: Address, session: requests.Session | None = None) -> None:
        """Connects at the first request.

        Args:
          address: The address of the model.
          session: A session, for example with headers or certificates; by default a new one. Only
            with a `DeadlineAdapter` does a response that comes byte by byte meet the timeout.
        """
        self.address = address
        self._session = session or _new_session()

    def predict(self, name: str, signature: Signature, inputs: Arrays, timeout_s: float) -> Arrays:
        """Returns the outputs of a signature, texts as str; `inputs` have texts as bytes."""
        columns = {key: json_value(values) for key, values in inputs.items()}
        body = json.dumps({"signature_name": name, "inputs": columns}, ensure_ascii=False)

        def outputs(document: Any) -> Arrays:
            return output_arrays(document["outputs"], signature)

        return self._send("POST", ":predict", body.encode(), timeout_s, outputs)

    def metadata(self, timeout_s: float) -> Metadata:
        """Returns the signatures of the version that answers."""
        return self._send("GET", "/metadata", None, timeout_s, metadata_of)

    def status(self, timeout_s: float) -> Mapping[int, VersionStatus]:
        """Returns the status of each version."""
        return self._send("GET", "", None, timeout_s, statuses_of)

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        timeout_s: float,
        convert: Callable[[Any], T],
    ) -> T:
        """Returns the converted document of the response to a request."""
        status, kind, content = self._receive(method, self.address.url + path, body, timeout_s)
        if status != 200:
            code = _CODES.get(status, StatusCode.UNKNOWN)
            raise serving_error(
                code,
                f"HTTP status {status}: {_said(content)}",
                str(self.address),
                is_retriable=status in _RETRIABLE,
            )
        try:
            return convert(json.loads(content.decode("utf-8", "surrogateescape")))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"the response is no answer of the REST API ({_reason(error)})"
            raise unexpected(
                f"{message}; it is {kind or 'of no content type'}: {_shown(content)}",
                str(self.address),
            ) from error

    def _receive(
        self, method: str, url: str, body: bytes | None, timeout_s: float
    ) -> tuple[int, str, bytes]:
        """Returns status, content type and body of the response to a request.

        Raises:
          ServingError: There is none within the timeout.
        """
        end = time.monotonic() + timeout_s
        address = str(self.address)
        try:
            with self._session.request(
                method,
                url,
                data=body,
                headers={"Content-Type": "application/json"} if body else None,
                timeout=Timeout(total=timeout_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = _read(response, end, timeout_s, address)
        except (requests.RequestException, HTTPError) as error:
            # Of some errors of urllib3, requests makes none of its own.
            raise _transport_error(error, timeout_s, address) from error
        location = response.headers.get("Location")
        if response.is_redirect and location:
            message = f"the server redirects to {location}; give the address of the model there"
            raise serving_error(StatusCode.UNKNOWN, message, address)
        return response.status_code, response.headers.get("Content-Type", ""), content


def _new_session() -> requests.Session:
    session = requests.Session()
    for prefix in ("http://", "https://"):
        session.mount(prefix, DeadlineAdapter())
    return session


def _read(response: requests.Response, end: float, timeout_s: float, address: str) -> bytes:
    """Returns the body of a response.

    Raises:
      ServingError: It is incomplete, or not here in time.
    """
    pieces = []
    for piece in response.iter_content(_PIECE_BYTES):
        pieces.append(piece)
        if time.monotonic() > end:
            raise no_answer(timeout_s, address)
    length = response.headers.get("Content-Length", "")
    # Older versions of urllib3 do not compare them.
    if length.isdecimal() and response.raw.tell() < int(length):
        message = "the connection ended in the middle of the response"
        raise serving_error(StatusCode.UNAVAILABLE, message, address, is_retriable=True)
    return b"".join(pieces)


def _transport_error(error: Exception, timeout_s: float, address: str) -> ServingError:
    """Returns the error of a request without a response."""
    wrapped = error.args[0] if error.args else None
    if isinstance(error, requests.Timeout) or isinstance(wrapped, ReadTimeoutError):
        return no_answer(timeout_s, address)
    cause = _first_cause(error)
    if isinstance(cause, BadStatusLine) and not isinstance(cause, OSError):
        return unexpected(f"the response is not HTTP: {cause!r}", address)
    is_certificate = isinstance(error, requests.exceptions.SSLError)
    broken = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
    is_connection = isinstance(error, broken) and not is_certificate
    code = StatusCode.UNAVAILABLE if is_connection else StatusCode.UNKNOWN
    return serving_error(code, str(cause), address, is_retriable=is_connection)


def _first_cause(error: Exception) -> BaseException:
    """Returns the error of the connection, such as `Connection refused`, that others wrap."""
    cause: BaseException = error
    link: BaseException | None = error
    while link is not None:
        is_wrapper = isinstance(link, requests.RequestException | HTTPError)
        if isinstance(link, OSError | HTTPException) and not is_wrapper:
            cause = link
        link = link.__cause__ or link.__context__
    return cause


def _said(content: bytes) -> str:
    """Returns the message in an error response: of TF Serving's JSON, or the text of a proxy."""
    try:
        document = json.loads(content)
    except ValueError:
        return _shown(content)
    said = document.get("error") if isinstance(document, dict) else None
    return said if isinstance(said, str) else _shown(content)


def _shown(content: bytes) -> str:
    """Returns the beginning of a body on one line."""
    text = " ".join(content[: 4 * _SHOWN].decode("utf-8", "replace").split())
    return text[:_SHOWN] or "(no text)"


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
