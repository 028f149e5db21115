"""An HTTP server that answers with a list of responses, one after another."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html"}


@dataclass
class FakeRest:
    """A running server.

    Attributes:
      url: The URL of its model.
      paths: Method and path of each request.
      connections: The address of the client of each connection.
    """

    url: str = ""
    paths: list[str] = field(default_factory=list)
    connections: list[Any] = field(default_factory=list)


Response = tuple[int, dict[str, str], bytes]


@contextmanager
def fake_rest(responses: Sequence[Response | None], host: str = "127.0.0.1") -> Iterator[FakeRest]:
    """Answers with the responses, and with the last one thereafter.

    Args:
      responses: Status, headers and body; None closes the connection without an answer.
      host: Address to listen on.
    """
    fake = FakeRest()

    class Handler(BaseHTTPRequestHandler):
        """Answers the requests of one connection."""

        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            """Counts the connection."""
            fake.connections.append(self.client_address)
            super().setup()

        def do_GET(self) -> None:
            """Answers a request."""
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            response = responses[min(len(fake.paths), len(responses) - 1)]
            fake.paths.append(f"{self.command} {self.path}")
            if response is None:
                self.close_connection = True
                return
            status, headers, body = response
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name is that of the base class

        def log_message(self, format: str, *args: Any) -> None:
            """Writes nothing."""

    class Server(ThreadingHTTPServer):
        """Listens on an IPv4 or IPv6 address."""

        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    server = Server((host, 0), Handler)
    server.daemon_threads = True
    shown = f"[{host}]" if ":" in host else host
    fake.url = f"http://{shown}:{server.server_address[1]}/v1/models/demo"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
