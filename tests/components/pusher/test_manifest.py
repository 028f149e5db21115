"""Writing and reading manifests; an invalid manifest is an error with a remedy."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.pusher.manifest import Manifest, manifest_path, read_manifest, write_manifest
from schemas.errors import InputError


@given(
    name=st.text(),
    metrics=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)),
)
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, name: str, metrics: dict[str, float]
) -> None:
    folder = str(tmp_path_factory.mktemp("version"))
    manifest = Manifest(
        name=name,
        metrics=metrics,
        protocol={"name": "successive", "targets": 3},
        version_set="python3.12",
        provenance={"data": {"interactions": "a", "catalogue": None}},
        version="17",
        content_hash="ab",
        pushed_at="2024-01-01T00:00:00+00:00",
        serving_dir="serving/demo",
    )
    write_manifest(folder, manifest)
    assert read_manifest(folder) == manifest


def test_missing_manifest_error_contains_version_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"17 has no assets\.extra/manifest\.json.*push\.serving"):
        read_manifest(str(tmp_path / "17"))


def test_manifest_of_another_release_is_readable(tmp_path: Path) -> None:
    path = Path(manifest_path(str(tmp_path)))
    path.parent.mkdir()
    path.write_text('{"name": "demo", "version": "17", "content_hash": "ab", "code_version": "c"}')
    manifest = read_manifest(str(tmp_path))
    assert manifest == Manifest(name="demo", version="17", content_hash="ab")
    assert manifest.version_set is None
    assert manifest.provenance == {}


@pytest.mark.parametrize("text", ["", "{", '{"name": "demo"}', '{"unknown": 1}', "[]"])
def test_invalid_manifest_is_an_input_error(tmp_path: Path, text: str) -> None:
    path = Path(manifest_path(str(tmp_path)))
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(InputError, match="is not a valid manifest"):
        read_manifest(str(tmp_path))
