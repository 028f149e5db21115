"""Addresses of served models."""

import pytest

from pipeline.serving.client import connect
from pipeline.serving.client.address import Address, is_address, parse_address
from schemas.errors import InputError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://h:8501/v1/models/demo", Address("http", "h:8501", "demo")),
        ("http://h:8501/v1/models/demo/", Address("http", "h:8501", "demo")),
        ("https://h/v1/models/a%20b", Address("https", "h", "a b")),
        ("http://h/ml/v1/models/demo/versions/12", Address("http", "h/ml", "demo", 12)),
        ("http://h/v1/models/demo/labels/canary", Address("http", "h", "demo", None, "canary")),
        ("http://[::1]:8501/v1/models/demo", Address("http", "[::1]:8501", "demo")),
        ("HTTP://h:8501/v1/models/demo", Address("http", "h:8501", "demo")),
        ("grpc://h:8500/demo", Address("grpc", "h:8500", "demo")),
        ("grpc://[::1]:8500/demo/versions/7", Address("grpc", "[::1]:8500", "demo", 7)),
        ("grpc://h:8500/demo/labels/stable", Address("grpc", "h:8500", "demo", None, "stable")),
    ],
)
def test_an_address_names_server_model_and_version(text: str, address: Address) -> None:
    assert is_address(text)
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


def test_a_url_has_the_quoted_name() -> None:
    assert parse_address("http://h/v1/models/a%2Fb").url == "http://h/v1/models/a%2Fb"


def test_messages_do_not_show_credentials() -> None:
    address = parse_address("https://me:secret@h:1/v1/models/demo")
    assert address.url == "https://me:secret@h:1/v1/models/demo"
    assert str(address) == "https://h:1/v1/models/demo"
    with pytest.raises(InputError) as caught:
        parse_address("https://me:secret@h:1/demo")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "http://h:8501",
        "http://h:8501/demo",
        "http://h:8501/v1/models/",
        "http://h:8501/v1/models/demo:predict",
        "http://h:8501/v1/models/demo/metadata",
        "http://h:8501/v1/models/demo?x=1",
        "http://h:x/v1/models/demo",
        "http://[::1/v1/models/demo",
        "http:///v1/models/demo",
        "grpc://h:8500",
        "grpc://h/demo",
        "grpc://h:8500/v1/models/demo",
        "grpc://me@h:8500/demo",
        "ftp://h/demo",
        "h:8500/demo",
    ],
)
def test_other_addresses_are_errors_that_show_the_form(text: str) -> None:
    with pytest.raises(InputError, match=r"expected http://HOST:PORT/v1/models/NAME or grpc://"):
        connect(text)


@pytest.mark.parametrize("text", ["runs/demo", "/runs/http", "gs://bucket/model", "http"])
def test_paths_are_no_addresses(text: str) -> None:
    assert not is_address(text)
