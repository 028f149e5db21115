"""A new list of unavailable items creates a new version with the same model files."""

from pathlib import Path

import pytest

from components.pusher.manifest import read_manifest
from components.pusher.mark_unavailable import mark_unavailable
from components.pusher.publish import PublishedVersion
from components.pusher.rollback import rollback
from components.pusher.same_towers import check_same_towers
from components.pusher.unavailable_lists import unavailable_path
from components.unavailable_items import read_unavailable
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(tmp_path)


def mark(destination: Destination, *item_ids: str, keep_versions: int = 5) -> PublishedVersion:
    folders = str(destination.serving), str(destination.portable)
    return mark_unavailable(*folders, item_ids, keep_versions)


def lists(published: PublishedVersion) -> list[list[str]]:
    folders = (published.serving_path, published.portable_path)
    return [read_unavailable(unavailable_path(folder)) for folder in folders]


def files(folder: str) -> dict[str, bytes]:
    replaced = ("manifest.json", "unavailable_items.txt", "unavailable_items_written.txt")
    paths = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if path.name not in replaced
    }


def test_same_model_is_served_with_new_list(destination: Destination) -> None:
    first = destination.publish()
    assert lists(first) == [[], []]

    second = mark(destination, "b", "a", "b")

    assert int(second.version) > int(first.version)
    assert lists(second) == [["a", "b"], ["a", "b"]]
    assert lists(first) == [[], []]
    for before, after in (
        (first.serving_path, second.serving_path),
        (first.portable_path, second.portable_path),
    ):
        assert files(before) == files(after)
        assert read_manifest(after).version == second.version
        assert read_manifest(after).metrics == read_manifest(before).metrics
        assert read_manifest(after).version_set == "python3.10"
    third = mark(destination)
    assert lists(third) == [[], []]
    for version in (second, third):
        assert read_manifest(version.serving_path).reindex_of == first.version
    check_same_towers(str(destination.serving), first.version)  # a re-index remains possible


def test_repeated_push_reports_first_version(
    destination: Destination,
) -> None:
    first = destination.publish()
    marked = mark(destination, "a")

    again = destination.publish()

    assert again.already_serving
    assert (again.version, again.first_version) == (marked.version, first.version)
    check_same_towers(str(destination.serving), again.first_version)


def test_new_model_takes_over_list(destination: Destination) -> None:
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
def test_new_lists_do_not_remove_versions_of_other_models(
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


@pytest.mark.parametrize("model_dir", ["serving", "portable"])
def test_model_without_list_is_rejected(destination: Destination, model_dir: str) -> None:
    published = destination.publish()
    folder = {"serving": published.serving_path, "portable": published.portable_path}[model_dir]
    Path(unavailable_path(folder)).unlink()
    with pytest.raises(InputError, match="exported without a list of unavailable items"):
        mark(destination, "a")
    assert [len(versions) for versions in destination.visible()] == [1, 1]


def test_missing_version_is_rejected(destination: Destination) -> None:
    with pytest.raises(InputError, match="contains no version; run the pipeline first"):
        mark(destination, "a")


def test_a_version_with_other_rules_of_ids_applies_them_to_the_list_as_written(
    destination: Destination,
) -> None:
    destination.publish("lower", id_rules=["case"])
    marked = mark(destination, "SKU-1", "sku-2.0")
    assert lists(marked) == [["sku-1", "sku-2.0"]] * 2

    assert lists(destination.publish("as written")) == [["SKU-1", "sku-2.0"]] * 2
    both = destination.publish("both", id_rules=["case", "decimal_zero"])
    assert lists(both) == [["sku-1", "sku-2.0"]] * 2
    number = mark(destination, "105.0", "SKU-1")
    assert lists(number) == [["105", "sku-1"]] * 2

    folders = str(destination.serving), str(destination.portable)
    assert rollback(*folders, to=int(marked.version)).num_unavailable == 2
    assert lists(marked) == [["105.0", "sku-1"]] * 2
