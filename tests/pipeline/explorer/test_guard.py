"""Who may send requests to the page's server, and the headers of its answers."""

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import pipeline.explorer as explorer_package
from tests.pipeline.explorer.running_explorer import RunningExplorer


def send(
    explorer: RunningExplorer, method: str, path: str, headers: dict[str, str]
) -> tuple[int, dict[str, str], bytes]:
    """Sends a request with exactly these headers; returns status, headers and body."""
    parts = urlsplit(explorer.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, dict(response.getheaders()), body


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8700", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8700", 200),
        ("attacker.example:8700", 403),
        ("127.0.0.1.attacker.example", 403),
        ("attacker.example@127.0.0.1", 200),
        ("127.0.0.1@attacker.example", 403),
        ("[::1", 403),
        ("0.0.0.0", 403),
        ("", 403),
    ],
)
def test_only_names_of_this_machine_are_hosts(
    explorer: RunningExplorer, host: str, status: int
) -> None:
    """After DNS rebinding, a browser sends the name of the other page as host."""
    assert send(explorer, "GET", "/api/page", {"Host": host})[0] == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8700", 200),
        ("http://localhost:9", 403),
        ("http://attacker.example", 403),
        ("https://localhost:8700", 403),
        ("null", 403),
    ],
)
def test_other_origins_are_refused(explorer: RunningExplorer, origin: str, status: int) -> None:
    headers = {"Host": "localhost:8700", "Origin": origin}
    assert send(explorer, "GET", "/api/page", headers)[0] == status


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_cannot_send_a_request(explorer: RunningExplorer, kind: str) -> None:
    headers = {"Host": "localhost", "Content-Type": kind, "Content-Length": "0"}
    status, _, body = send(explorer, "POST", "/api/recommend", headers)
    assert status == 400
    assert b"expected application/json" in body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/static/main.js", 200),
        ("GET", "/static/", 403),
        ("GET", "/static/../application.py", 404),
        ("GET", "/static/%2e%2e/application.py", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/api/recommend", 405),
        ("GET", "/api/items", 400),
    ],
)
def test_every_answer_has_the_headers(
    explorer: RunningExplorer, method: str, path: str, status: int
) -> None:
    found, headers, body = send(explorer, method, path, {"Host": "localhost"})
    assert found == status
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    if status >= 400:
        assert headers["Content-Type"] == "application/json; charset=utf-8"
        assert body.startswith(b'{"error": "')


def test_a_large_body_is_refused(explorer: RunningExplorer) -> None:
    status, answer = explorer.post("api/recommend", b" " * (1024 * 1024 + 1))
    assert status == 413
    assert "error" in answer


def test_the_page_escapes_the_name_and_has_no_inline_code(explorer: RunningExplorer) -> None:
    _, headers, body = send(explorer, "GET", "/", {"Host": "localhost"})
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"<h1>shop</h1>" in body
    assert b" style=" not in body
    assert body.count(b"<script") == body.count(b'<script type="module" src=') == 1


def test_every_file_of_the_page_is_in_the_distribution() -> None:
    setup = (Path(explorer_package.__file__).parents[2] / "setup.py").read_text("utf-8")
    folder = Path(explorer_package.__file__).parent
    found = {path.suffix for name in ("static", "templates") for path in (folder / name).iterdir()}
    assert {suffix for suffix in found if f'"**/*{suffix}"' not in setup} == set()
