"""Addresses of served models."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

from schemas.errors import InputError

HTTP_SCHEMES = ("http", "https")
GRPC_SCHEME = "grpc"
SCHEMES = (*HTTP_SCHEMES, GRPC_SCHEME)
_EXPECTED = (
    "expected http://HOST:PORT/v1/models/NAME or grpc://HOST:PORT/NAME, with /versions/N or "
    "/labels/LABEL after the name for another version than the newest"
)
_MODEL = r"/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?/?"
_PATHS = {
    **dict.fromkeys(HTTP_SCHEMES, re.compile(r"(?P<prefix>.*)/v1/models" + _MODEL, re.ASCII)),
    GRPC_SCHEME: re.compile(r"(?P<prefix>)" + _MODEL, re.ASCII),
}


@dataclass(frozen=True)
class Address:
    """Where a model is served.

    Attributes:
      scheme: http, https or grpc.
      server: HOST:PORT, for HTTP with credentials and with the path before `/v1`, if any.
      model: Name of the model.
      version: Its version, or None.
      label: The label of its version, or None. Without both, it is the newest version.
    """

    scheme: str
    server: str
    model: str
    version: int | None = None
    label: str | None = None

    @property
    def url(self) -> str:
        """The URL of the model in the REST API."""
        return f"{self.scheme}://{self.server}/v1/models/{self._path}"

    def __str__(self) -> str:
        """Returns the address without credentials, for messages."""
        server = self.server.rpartition("@")[2]
        api = "" if self.scheme == GRPC_SCHEME else "v1/models/"
        return f"{self.scheme}://{server}/{api}{self._path}"

    @property
    def _path(self) -> str:
        name = quote(self.model, safe="")
        if self.version is not None:
            return f"{name}/versions/{self.version}"
        return name if self.label is None else f"{name}/labels/{quote(self.label, safe='')}"


def is_address(text: str) -> bool:
    """Returns whether a text is meant as the address of a server, not as a path."""
    scheme, separator, _ = text.partition("://")
    return bool(separator) and scheme.lower() in SCHEMES


def parse_address(text: str) -> Address:
    """Parses the address of a model.

    >>> parse_address("grpc://[::1]:8500/demo/labels/stable")
    Address(scheme='grpc', server='[::1]:8500', model='demo', version=None, label='stable')
    >>> parse_address("https://shop.example/ml/v1/models/demo").server
    'shop.example/ml'

    Raises:
      InputError: It is not an address of a model.
    """
    parts = _split(text)
    found = _PATHS[parts.scheme].fullmatch(parts.path)
    if found is None:
        raise InputError(f"{_without_credentials(parts)}: {_EXPECTED}")
    prefix, name, version, label = found.group("prefix", "name", "version", "label")
    return Address(
        parts.scheme,
        parts.netloc + prefix,
        unquote(name),
        None if version is None else int(version),
        None if label is None else unquote(label),
    )


def _split(text: str) -> SplitResult:
    """Splits a URL, and checks its host and port.

    Raises:
      InputError: They are not those of a server.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InputError(f"{text}: {error}; {_EXPECTED}") from error
    if parts.scheme not in SCHEMES or not parts.hostname or parts.query or parts.fragment:
        raise InputError(f"{_without_credentials(parts)}: {_EXPECTED}")
    if parts.scheme == GRPC_SCHEME and (port is None or "@" in parts.netloc):
        raise InputError(f"{_without_credentials(parts)}: {_EXPECTED}")
    return parts


def _without_credentials(parts: SplitResult) -> str:
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
