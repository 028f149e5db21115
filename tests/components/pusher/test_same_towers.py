"""A re-index replaces only versions with the same towers."""

from pathlib import Path

import pytest

from components.pusher.label_versions import label_versions
from components.pusher.manifest import Manifest, read_manifest
from components.pusher.mark_unavailable import mark_unavailable
from components.pusher.publish import PublishedVersion, publish
from components.pusher.same_towers import check_same_towers
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination, write_bundle


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(tmp_path)


def reindex(
    destination: Destination, content: str, of: str, label: str = "stable"
) -> PublishedVersion:
    return publish(
        str(write_bundle(destination.root / content, content)),
        str(destination.serving),
        str(destination.portable),
        Manifest(
            name="demo",
            as_of="2026-03-01T00:00:00+00:00",
            reindex_of=of,
            provenance={"run": content},
        ),
        towers=str(destination.towers(of)),
        statistics_file=str(destination.statistics),
        keep_versions=5,
        label=label,
    )


def test_reindex_may_replace_original_version_and_its_reindexes(destination: Destination) -> None:
    first = destination.publish()
    again = reindex(destination, "more items", first.version)
    newest = reindex(destination, "still more", first.version)

    manifest = read_manifest(newest.serving_path)
    assert (manifest.reindex_of, manifest.as_of) == (first.version, "2026-03-01T00:00:00+00:00")
    assert destination.visible()[0] == [first.version, again.version, newest.version]


def test_reindex_names_the_provenance_of_its_towers(destination: Destination) -> None:
    first = destination.publish()
    for content in ("more items", "still more"):
        version = reindex(destination, content, first.version)
        provenance = read_manifest(version.serving_path).provenance
        assert provenance == {"run": content, "towers": {"run": "training"}}
    marked = mark_unavailable(*destination.folders, ["a"], keep_versions=5)
    assert read_manifest(marked.portable_path).provenance == provenance


def test_reindex_may_be_published_to_empty_destination(destination: Destination) -> None:
    check_same_towers(str(destination.serving), "7")
    assert reindex(destination, "items", "7").version


def test_reindex_does_not_replace_another_model(destination: Destination) -> None:
    first = destination.publish("first")
    second = destination.publish("second")

    with pytest.raises(InputError, match="would replace another model") as error:
        reindex(destination, "items", first.version)

    assert second.serving_path in str(error.value)
    assert first.version in str(error.value)
    assert destination.visible() == ([first.version, second.version],) * 2


def test_reindex_does_not_replace_reindex_of_another_model(destination: Destination) -> None:
    first = destination.publish("first")
    second = destination.publish("second")
    reindex(destination, "items", second.version)

    with pytest.raises(InputError, match="is neither version"):
        check_same_towers(str(destination.serving), first.version)


def test_a_reindex_with_a_label_replaces_the_version_with_the_label(
    destination: Destination,
) -> None:
    stable = destination.publish("first")
    check_same_towers(destination.folders[0], stable.version, "canary")
    canary = destination.publish("second", label="canary")

    newest = reindex(destination, "more items", canary.version, "canary")

    provenance = read_manifest(newest.serving_path).provenance
    assert provenance == {"run": "more items", "towers": {"run": "training"}}
    with pytest.raises(InputError, match=f"{newest.version} is neither version {stable.version}"):
        check_same_towers(destination.folders[0], stable.version, "canary")
    with pytest.raises(InputError, match=f"{stable.version} is neither version {canary.version}"):
        check_same_towers(destination.folders[0], canary.version)


def test_reindex_may_be_published_below_a_canary_of_another_model(
    destination: Destination,
) -> None:
    first, second = (destination.publish(content).version for content in ("first", "second"))
    label_versions(*destination.folders, {"stable": int(first), "canary": int(second)}, ())
    check_same_towers(destination.folders[0], first)

    label_versions(*destination.folders, {}, ("canary",))
    with pytest.raises(InputError, match=f"{second} is neither version {first}"):
        check_same_towers(destination.folders[0], first)
