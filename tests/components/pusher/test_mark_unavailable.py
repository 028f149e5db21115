"""A new list of unavailable items is a new version of the same files."""

from pathlib import Path

import pytest

from components.pusher.manifest import read_manifest
from components.pusher.mark_unavailable import mark_unavailable
from components.pusher.place import unavailable_path
from components.pusher.publish import Published
from components.pusher.same_towers import check_descent
from components.unavailable import read_unavailable
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(tmp_path)


def mark(destination: Destination, *item_ids: str, keep_versions: int = 5) -> Published:
    folders = str(destination.serving), str(destination.exact)
    return mark_unavailable(*folders, item_ids, keep_versions)


def lists(published: Published) -> list[list[str]]:
    folders = (published.serving_path, published.exact_path)
    return [read_unavailable(unavailable_path(folder)) for folder in folders]


def files(folder: str) -> dict[str, bytes]:
    replaced = ("manifest.json", "unavailable_items.txt")
    paths = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if path.name not in replaced
    }


def test_the_same_model_serves_with_the_new_list(destination: Destination) -> None:
    first = destination.publish()
    assert lists(first) == [[], []]

    second = mark(destination, "b", "a", "b")

    assert int(second.version) > int(first.version)
    assert lists(second) == [["a", "b"], ["a", "b"]]
    assert lists(first) == [[], []]
    for before, after in (
        (first.serving_path, second.serving_path),
        (first.exact_path, second.exact_path),
    ):
        assert files(before) == files(after)
        assert read_manifest(after).version == second.version
        assert read_manifest(after).metrics == read_manifest(before).metrics
    third = mark(destination)
    assert lists(third) == [[], []]
    for version in (second, third):
        assert read_manifest(version.serving_path).reindex_of == first.version
    check_descent(str(destination.serving), first.version)  # so a re-index may follow


def test_a_run_that_finds_its_model_serving_knows_its_first_version(
    destination: Destination,
) -> None:
    first = destination.publish()
    marked = mark(destination, "a")

    again = destination.publish()

    assert again.already_serving
    assert (again.version, again.first_version) == (marked.version, first.version)
    check_descent(str(destination.serving), again.first_version)


def test_a_new_model_keeps_the_list(destination: Destination) -> None:
    destination.publish()
    mark(destination, "sold out")

    new = destination.publish("another graph")

    assert lists(new) == [["sold out"], ["sold out"]]


def test_old_versions_are_removed(destination: Destination) -> None:
    destination.publish()
    mark(destination, "a", keep_versions=2)
    last = mark(destination, "b", keep_versions=2)

    assert [len(versions) for versions in destination.visible()] == [2, 2]
    assert destination.visible()[0][-1] == last.version


@pytest.mark.parametrize("keep_versions", [2, 3])
def test_lists_push_out_no_model_to_go_back_to(
    destination: Destination, keep_versions: int
) -> None:
    models = [destination.publish(content).version for content in ("older", "old", "graph")]
    for item in "abcd":
        last = mark(destination, item, keep_versions=keep_versions)

    serving, exact = destination.visible()
    others = models[:2][1 - keep_versions :]
    assert serving == exact == [*others, serving[-2], last.version]
    assert lists(last) == [["d"], ["d"]]
    assert last.first_version == models[-1]


@pytest.mark.parametrize("model_dir", ["serving", "exact"])
def test_a_model_that_reads_no_list_is_rejected(destination: Destination, model_dir: str) -> None:
    published = destination.publish()
    folder = {"serving": published.serving_path, "exact": published.exact_path}[model_dir]
    Path(unavailable_path(folder)).unlink()
    with pytest.raises(InputError, match="made without a list of unavailable items"):
        mark(destination, "a")
    assert [len(versions) for versions in destination.visible()] == [1, 1]


def test_nothing_is_marked_where_nothing_serves(destination: Destination) -> None:
    with pytest.raises(InputError, match="has no version: run the pipeline first"):
        mark(destination, "a")
