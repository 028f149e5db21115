"""Paths of TF Serving's REST API."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from pipeline.serving.request_error import invalid
from pipeline.serving.version_manager import ModelSpec

_MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PATHS = {
    "POST": re.compile(_MODEL + r":(?P<method>classify|regress|predict)", re.IGNORECASE | re.ASCII),
    "GET": re.compile(_MODEL + r"(?:/(?P<method>metadata))?", re.IGNORECASE | re.ASCII),
}
_MAX_VERSION = 2**63 - 1
_MAX_DIGITS = len(str(_MAX_VERSION))


@dataclass(frozen=True)
class RestCall:
    """The method of a request, and the model and version that it names.

    Attributes:
      spec: The model and version.
      method: predict, classify, regress, metadata or status.
    """

    spec: ModelSpec
    method: str


def parse_path(http_method: str, path: str) -> RestCall:
    """Parses the method and the path of a request, which is still percent-encoded.

    >>> parse_path("GET", "/v1/models/demo/versions/3/metadata")
    RestCall(spec=ModelSpec(name='demo', version=3, label=None), method='metadata')

    Raises:
      RequestError: It is no path of the API. The message is that of TF Serving.
    """
    pattern = _PATHS.get(http_method)
    found = pattern.fullmatch(path) if pattern is not None else None
    if found is None:
        if http_method == "GET" and path.lower() == "/v1/models":
            raise invalid("Missing model name in request.")
        raise invalid(f"Malformed request: {http_method} {path}")
    name, version, label, method = found.group("name", "version", "label", "method")
    spec = ModelSpec(
        unquote(name),
        None if version is None else _number(version),
        None if label is None else unquote(label),
    )
    return RestCall(spec, (method or "status").lower())


def _number(version: str) -> int:
    # Python refuses to convert thousands of digits, also if they are zeros.
    digits = version.lstrip("0") or "0"
    if len(digits) > _MAX_DIGITS or int(digits) > _MAX_VERSION:
        raise invalid(f"Failed to convert version: {version} to numeric.")
    return int(digits)
