"""An adapter of `requests` whose timeout is the time for the whole response.

The timeout of a socket is that of each read, so that a response that comes byte by byte may take
any time. Here, every read of a response has the time that was left when the response began, less
what the reads before it took.
"""

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection


class _DeadlineStream(io.RawIOBase):
    """The bytes that a socket receives within its timeout, which is that of all reads together."""

    def __init__(self, sock: socket.socket) -> None:
        """Starts the time."""
        timeout_s = sock.gettimeout()
        self._end = None if timeout_s is None else time.monotonic() + timeout_s
        self._socket = sock
        self._stream = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Reads what has arrived, or waits for the first byte.

        Raises:
          TimeoutError: The time is over.
        """
        if self._end is not None:
            remaining_s = self._end - time.monotonic()
            if remaining_s <= 0:
                raise TimeoutError("timed out")
            self._socket.settimeout(remaining_s)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        """Closes the stream, and the socket if its connection is closed."""
        self._stream.close()
        super().close()


class _DeadlineResponse(HTTPResponse):
    """A response that is read within the timeout that its socket has when it begins."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        """Takes the arguments of the base class."""
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineStream(sock))


class _Connection(HTTPConnection):
    response_class = _DeadlineResponse


class _TlsConnection(HTTPSConnection):
    response_class = _DeadlineResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class DeadlineAdapter(HTTPAdapter):
    """Sends requests over HTTP and HTTPS; a total timeout includes the whole response."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Creates the pools of connections."""
        super().init_poolmanager(*arguments, **options)
        _use_deadlines(self.poolmanager)

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        """Returns the pools of connections of a proxy."""
        manager = super().proxy_manager_for(*arguments, **options)
        _use_deadlines(manager)
        return manager


def _use_deadlines(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
