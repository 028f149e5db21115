import pytest

from pipeline.serving.request_error import RequestError
from pipeline.serving.rest_path import RestCall, parse_path
from pipeline.serving.version_manager import ModelSpec


@pytest.mark.parametrize(
    ("http_method", "path", "spec", "method"),
    [
        ("GET", "/v1/models/demo", ModelSpec("demo"), "status"),
        ("GET", "/v1/models/demo/versions/3", ModelSpec("demo", version=3), "status"),
        ("GET", "/v1/models/demo/labels/a%2Fb", ModelSpec("demo", label="a/b"), "status"),
        ("GET", "/V1/Models/demo/metadata", ModelSpec("demo"), "metadata"),
        ("POST", "/v1/models/d%C3%A9mo:predict", ModelSpec("démo"), "predict"),
        ("POST", "/v1/models/m/labels/stable:predict", ModelSpec("m", label="stable"), "predict"),
        ("POST", "/v1/models/m/versions/9:classify", ModelSpec("m", version=9), "classify"),
    ],
)
def test_a_path_of_the_api(http_method: str, path: str, spec: ModelSpec, method: str) -> None:
    assert parse_path(http_method, path) == RestCall(spec, method)


@pytest.mark.parametrize(
    ("http_method", "path"),
    [
        ("POST", "/v1/foo"),
        ("POST", "/v1/models"),
        ("POST", "/v1/models/foo/version/50:predict"),
        ("POST", "/v1/models/foo/versions/string:predict"),
        ("POST", "/v1/models/foo/metadata"),
        ("POST", "/v1/models/foo/versions/50/labels/some_label:regress"),
        ("GET", "/v1/models/foo:predict"),
        ("DELETE", "/v1/models/foo"),
    ],
)
def test_another_path_is_malformed(http_method: str, path: str) -> None:
    with pytest.raises(RequestError, match=f"Malformed request: {http_method} {path}"):
        parse_path(http_method, path)


@pytest.mark.parametrize("version", [str(2**63), "9" * 400, "9" * 5000], ids=len)
def test_a_version_is_a_64_bit_integer(version: str) -> None:
    with pytest.raises(RequestError, match="Failed to convert version"):
        parse_path("GET", f"/v1/models/foo/versions/{version}")


def test_a_version_may_begin_with_zeros() -> None:
    found = parse_path("GET", f"/v1/models/foo/versions/{'0' * 5000}7")
    assert found.spec == ModelSpec("foo", version=7)


def test_a_status_of_all_models_is_not_supported() -> None:
    with pytest.raises(RequestError, match="Missing model name in request"):
        parse_path("GET", "/v1/models")
