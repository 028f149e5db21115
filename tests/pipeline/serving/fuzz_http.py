"""Damaged HTTP requests to a server, made from valid ones with a seeded generator."""

import base64
import json
import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.pipeline.serving.small_model import requests

PREDICT = "/v1/models/shop:predict"
# Values that no input, or only another one, expects. A text that starts with `raw:` becomes JSON
# as it is, because `json` cannot write it.
_ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, "", "x", "\ud800", "\x00", [], {}, [[]], [{}], [None], {"b64": "!"},
    {"b64": "A"}, {"b64": 1}, {"b64": "QQ==", "x": 1}, 2**31, -(2**31) - 1, 2**63, 10**400, 1e308,
    "raw:NaN", "raw:-Infinity", "raw:1e999", "raw:-0", "raw:" + "9" * 5000, "raw:01", "raw:nul",
    "raw:'x'", "raw:\"\\ud800\"", "raw:\"\\x\"", "raw:\"\t\"", "raw:{\"a\":1,\"a\":2}",
)  # fmt: skip
_DEPTHS = (2, 3, 33, 65, 300, 900, 980, 3000)
_ODD_PATHS = (
    "/", "//", "/v1", "/v1/models", "/v1/models/", "/v1/models//", "/v1/models/shop:", "/v2/models",
    "/v1/models/../../etc/passwd", "/v1/models/..%2f..%2fetc%2fpasswd", "/v1/models/%2e%2e:predict",
    "/v1/models/shop/versions/../../x:predict", "/v1/models/shop/labels/..%2f..:predict",
    "/v1/models/shop/labels/%00:predict", "/v1/models/shop/labels/%ff%fe:predict", "/%",
    "/v1/models/%:predict", "/v1/models/%zz:predict", "/v1/models/%ed%a0%80:predict",
    "/v1/models/shop/versions/-1:predict", "/v1/models/shop/versions/0:predict",
    "/v1/models/shop/versions/1e3", "/v1/models/shop/versions/%31", "/v1/models/shop/versions/",
    "/v1/models/shop/versions/" + "9" * 19, "/v1/models/shop/versions/" + "9" * 400,
    "/v1/models/shop/versions/" + "9" * 5000 + ":predict", "/v1/models/" + "x" * 7000 + ":predict",
    "/v1/models/" + "x" * 20000, "/v1/models/shop?a=b&%", "/v1/models/shop#x", "*", "shop:predict",
    "http://[::1", "http://x/v1/models/shop", "//shop:predict", "/v1/models/shop/versions/\u0661",
    "/v1/models/sh\u00f6p", "/metrics/", "/healthz/..", "/v1/models/shop:regress",
    "/v1/models/a:b:c",
)  # fmt: skip
_METHODS = (
    "PUT",
    "DELETE",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "GET",
    "X",
    "po st",
    "",
)
_ODD_HEADERS = (
    "Content-Length: -1", "Content-Length: x", "Content-Length: 99999999999999999999",
    "Content-Length: 3\r\nContent-Length: 4", "Transfer-Encoding: chunked", "Host: a\r\nHost: b",
    "Transfer-Encoding: gzip", "Content-Encoding: gzip", "Content-Encoding: deflate",
    "Content-Encoding: br", "Content-Encoding: x", "Expect: 100-continue", "Expect: x",
    "Upgrade: websocket\r\nConnection: Upgrade", "Content-Type: a; charset=x", "X: " + "y" * 9000,
    "X\x00: y", ": y", "no colon", "Range: bytes=0-", "Cookie: \xff=\xff", " folded",
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA",
)  # fmt: skip


@dataclass(frozen=True)
class HttpCase:
    """The bytes of one connection.

    Attributes:
      kind: How they were made.
      parts: The bytes, sent in several writes.
      is_complete: Whether they are a whole request, to which there must be an answer.
    """

    kind: str
    parts: tuple[bytes, ...]
    is_complete: bool = True


def http_cases(seed: int, number: int, body_bytes: int) -> Iterator[HttpCase]:
    """Yields damaged requests.

    Args:
      seed: Seed of the generator.
      number: Number of requests.
      body_bytes: The largest body that the server accepts.
    """
    rng = random.Random(seed)
    kinds: list[tuple[Callable[[random.Random], HttpCase], int]] = [
        (_odd_values, 10), (_odd_text, 5), (_deep, 2), (_odd_path, 3), (_odd_headers, 3),
        (_chunked, 2), (_partial, 2), (_in_pieces, 1), (_noise, 1), (_large_batch, 1),
        (lambda rng: _too_large(rng, body_bytes), 1),
    ]  # fmt: skip
    makers, weights = zip(*kinds, strict=True)
    for _ in range(number):
        (maker,) = rng.choices(makers, weights)
        yield maker(rng)


def exchange(port: int, case: HttpCase, timeout_s: float = 30) -> bytes:
    """Sends a case on a connection of its own, and returns the answer.

    A client that reads nothing more than what the server still sent after it closed the
    connection sees the same bytes.
    """
    with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = b""
        try:
            for part in case.parts:
                connection.sendall(part)
            if not case.is_complete:
                connection.shutdown(socket.SHUT_WR)
            while received := connection.recv(1 << 16):
                answer += received
        except (ConnectionResetError, BrokenPipeError):
            pass
        return answer


def valid_document(rng: random.Random) -> dict[str, Any]:
    """Returns the document of a predict request that the server answers."""
    name, inputs = rng.choice(requests())
    columns = {key: _json_values(values) for key, values in inputs.items()}
    if rng.random() < 0.5:
        return {"signature_name": name, "inputs": columns}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return {"signature_name": name, "instances": rows}


def post(body: bytes, path: str = PREDICT, method: str = "POST", headers: str = "") -> bytes:
    """Returns the bytes of a request, which ends its connection."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}"
    if "Content-Length" not in headers and "Transfer-Encoding" not in headers:
        head += f"Content-Length: {len(body)}\r\n"
    return head.encode("latin-1", "replace") + b"\r\n" + body


def _json_values(values: Any) -> Any:
    if values.dtype == object:
        return _encoded(values.tolist())
    return values.tolist()


def _encoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_encoded(one) for one in value]
    return {"b64": base64.b64encode(value).decode()}


def _dumped(document: Any) -> bytes:
    text = json.dumps(document)
    for value in _ODD_VALUES:
        if isinstance(value, str) and value.startswith("raw:"):
            text = text.replace(json.dumps(value), value[4:])
    return text.encode()


def _odd_values(rng: random.Random) -> HttpCase:
    """A document in which some values or names are replaced, added, repeated or removed."""
    document = valid_document(rng)
    for _ in range(rng.randint(1, 3)):
        _change(rng, document)
    return HttpCase(f"values {str(document)[:300]}", (post(_dumped(document)),))


def _change(rng: random.Random, document: Any) -> None:
    """Changes something at a random place of a document."""
    place = document
    while True:
        keys: Any = list(place) if isinstance(place, dict) else range(len(place))
        if not keys:
            return
        key = rng.choice(keys)
        if not isinstance(place[key], dict | list) or rng.random() < 0.3:
            break
        place = place[key]
    change = rng.randrange(5)
    if change == 0:
        del place[key]
    elif change == 1 and isinstance(place, dict):
        place[rng.choice(["x", "", "\ud800", "b64", "inputs", "user_id", "n" * 3000])] = place[key]
    elif change == 2 and isinstance(place, list):
        place.extend([place[key]] * rng.choice([1, 2, 7, 130]))
    elif change == 3:
        place[key] = [place[key]] * rng.choice([1, 2, 3])
    else:
        place[key] = rng.choice(_ODD_VALUES)


def _odd_text(rng: random.Random) -> HttpCase:
    """A document some bytes of which are missing, changed or added."""
    body = damaged(rng, _dumped(valid_document(rng)))
    return HttpCase(f"text {body[:300]!r}", (post(body),))


def damaged(rng: random.Random, content: bytes) -> bytes:
    """Returns content that is cut, or some bytes of which are changed or added."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(data) + 1)
        change = rng.randrange(4)
        if change == 0:
            del data[place:]
        elif change == 1:
            data[place : place + rng.randint(1, 8)] = rng.randbytes(rng.randint(0, 8))
        elif change == 2:
            data[place:place] = rng.choice(
                [b"NaN", b"[", b"]", b"{", b"}", b",", b'"', b"\\u", b"\xff\xfe", b"\x00", b"-"]
            )
        else:
            data[place : place + 1] = bytes([rng.randrange(256)])
    return bytes(data)


def _deep(rng: random.Random) -> HttpCase:
    """Deeply nested lists or objects in the place of a value, closed or not."""
    depth = rng.choice(_DEPTHS)
    start, end = rng.choice([("[", "]"), ('{"a":', "}"), ('[{"b64":', "}]")])
    nested = start * depth + rng.choice(["1", '"x"', "", "{}"]) + end * rng.choice([depth, 0])
    text = rng.choice(
        [
            "{}",
            '{"inputs": {}}',
            '{"instances": {}}',
            '{"instances": [{}]}',
            '{"signature_name": {}, "inputs": 1}',
            '{"inputs": 1, "instances": {}}',
            '{"inputs": {"user_id": {}, "history_item_id": [["a"]]}}',
            '{"instances": [{"user_id": "a", "history_item_id": {}}]}',
            '{"instances": [{"user_id": {}, "x": 1}]}',
            '{"signature_name": "similar_items", "inputs": {}}',
            '{"signature_name": "similar_items", "instances": [{}]}',
        ]
    ).replace("{}", nested, 1)
    return HttpCase(f"depth {depth}: {text[:200]}", (post(text.encode()),))


def _odd_path(rng: random.Random) -> HttpCase:
    path = rng.choice(_ODD_PATHS)
    if rng.random() < 0.3:
        path = damaged(rng, path.encode("latin-1", "replace")).decode("latin-1")
    method = rng.choice(["GET", "POST", *_METHODS])
    body = _dumped(valid_document(rng)) if rng.random() < 0.5 else b""
    return HttpCase(f"{method} {path[:200]!r}", (post(body, path, method),), is_complete=False)


def _odd_headers(rng: random.Random) -> HttpCase:
    headers = rng.choice(_ODD_HEADERS)
    request = post(_dumped(valid_document(rng)), headers=headers + "\r\n")
    return HttpCase(f"headers {headers[:100]!r}", (request,), is_complete=False)


def _chunked(rng: random.Random) -> HttpCase:
    """A body in chunks, with sizes that may be wrong."""
    body = _dumped(valid_document(rng))
    half = len(body) // 2
    chunks = [body[:half], body[half:], b""]
    sizes = [f"{len(chunk):x}" for chunk in chunks]
    if rng.random() < 0.8:
        sizes[rng.randrange(3)] = rng.choice(["", "0", "-1", "g", "f" * 40, "1;x=y", "fffff", "2"])
    data = b"".join(
        size.encode() + b"\r\n" + chunk + b"\r\n" for size, chunk in zip(sizes, chunks, strict=True)
    )
    request = post(data, headers="Transfer-Encoding: chunked\r\n")
    return HttpCase(f"chunks {sizes}", (request,), is_complete=False)


def _partial(rng: random.Random) -> HttpCase:
    """A client that leaves before its request is complete."""
    request = post(_dumped(valid_document(rng)))
    end = rng.randrange(len(request))
    return HttpCase(f"first {end} bytes", (request[:end],), is_complete=False)


def _in_pieces(rng: random.Random) -> HttpCase:
    """A request that arrives in many pieces."""
    request = post(_dumped(valid_document(rng)))
    size = rng.randint(1, 40)
    pieces = tuple(request[start : start + size] for start in range(0, len(request), size))
    return HttpCase(f"pieces of {size} bytes", pieces)


def _noise(rng: random.Random) -> HttpCase:
    data = rng.randbytes(rng.randint(0, 2000))
    return HttpCase(f"noise {data[:40]!r}", (data,), is_complete=False)


def _large_batch(rng: random.Random) -> HttpCase:
    rows = rng.choice([9, 100, 400])
    body = json.dumps({"signature_name": "similar_items", "inputs": ["a"] * rows}).encode()
    return HttpCase(f"{rows} rows", (post(body),))


def _too_large(rng: random.Random, body_bytes: int) -> HttpCase:
    body = b'{"inputs": "' + b"x" * (body_bytes + rng.randint(-20, 2000)) + b'"}'
    return HttpCase(f"{len(body)} bytes", (post(body),))
