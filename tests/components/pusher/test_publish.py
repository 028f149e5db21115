"""Publishing is atomic, idempotent by content, and keeps foreign files."""

import shutil
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from pathlib import Path

import pytest

from components import files
from components.pusher import new_version
from components.pusher import publish as publish_module
from components.pusher.content_hash import content_hash
from components.pusher.lock import exclusive_lock
from components.pusher.manifest import read_manifest, statistics_path
from components.pusher.rollback import rollback
from schemas.bundle import REFERENCE_FILE
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination, write_bundle


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(tmp_path)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_both_models_have_one_version_with_manifest_and_statistics(
    destination: Destination,
) -> None:
    published = destination.publish()

    assert destination.visible() == ([published.version], [published.version])
    assert not published.already_serving
    for path, model in ((published.serving_path, "scann"), (published.portable_path, "portable")):
        assert (Path(path) / "saved_model.pb").read_text() == f"{model} graph"
        assert (Path(path) / "variables/variables.index").read_text() == "index"
        assert Path(statistics_path(path)).read_bytes() == b"statistics"
        manifest = read_manifest(path)
        assert (manifest.version, manifest.name) == (published.version, "demo")
        assert manifest.content_hash == published.content_hash
        assert manifest.metrics == {"recall@10": 0.25}
        assert manifest.pushed_at.endswith("+00:00")
        assert manifest.serving_dir == str(destination.serving)
    assert destination.all_names() == {published.version}


def test_equal_content_is_not_copied_again(destination: Destination) -> None:
    first = destination.publish()
    before = tree(destination.serving)

    again = destination.publish()

    assert again.already_serving
    assert (again.version, again.serving_path) == (first.version, first.serving_path)
    assert tree(destination.serving) == before


def test_served_version_without_twin_is_published_again(destination: Destination) -> None:
    first = destination.publish()
    shutil.rmtree(first.portable_path)

    again = destination.publish()

    assert not again.already_serving
    assert int(again.version) > int(first.version)
    assert destination.visible()[1] == [again.version]


def test_only_the_newest_version_counts_as_serving(destination: Destination) -> None:
    destination.publish("a")
    destination.publish("b")
    assert not destination.publish("a").already_serving


def test_versions_increase_within_a_second_and_if_the_clock_goes_back(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_version.time, "time", lambda: 1000.9)
    assert [destination.publish(c).version for c in "abc"] == ["1000", "1001", "1002"]
    monkeypatch.setattr(new_version.time, "time", lambda: 500.0)
    assert destination.publish("d").version == "1003"
    monkeypatch.setattr(new_version.time, "time", lambda: 2000.0)
    assert destination.publish("e").version == "2000"


def test_withdrawn_version_number_is_not_reused(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_version.time, "time", lambda: 1000.0)
    for content in "ab":
        destination.publish(content)
    rollback(str(destination.serving), str(destination.portable))
    assert destination.publish("c").version == "1002"


def fail_after(monkeypatch: pytest.MonkeyPatch, num_copies: int) -> None:
    """Makes copying fail after `num_copies` files, as if the disk were full."""
    copied: list[str] = []
    original = files.copy_file

    def copy(source: str, target: str) -> None:
        if len(copied) == num_copies:
            raise OSError("no space left on device")
        copied.append(target)
        original(source, target)

    monkeypatch.setattr(files, "copy_file", copy)


# A model with its statistics has five files: 0-4 belong to the twin, 5-9 to the served model.
@pytest.mark.parametrize("num_copies", range(10))
def test_failed_push_leaves_only_the_previous_version(
    destination: Destination, monkeypatch: pytest.MonkeyPatch, num_copies: int
) -> None:
    good = destination.publish("good")
    before = tree(destination.root / "serving"), tree(destination.root / "serving_portable")

    with monkeypatch.context() as patched:
        fail_after(patched, num_copies)
        with pytest.raises(OSError, match="no space left"):
            destination.publish("bad")

    assert (
        tree(destination.root / "serving"),
        tree(destination.root / "serving_portable"),
    ) == before
    assert destination.all_names() == {good.version}


def test_twin_is_removed_if_served_model_cannot_be_renamed(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = files.rename

    def rename(source: str, target: str) -> None:
        if target.startswith(str(destination.serving)):
            raise OSError("permission denied")
        original(source, target)

    monkeypatch.setattr(files, "rename", rename)
    with pytest.raises(OSError, match="permission denied"):
        destination.publish()
    assert destination.all_names() == set()


def test_versions_are_invisible_while_files_are_copied(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    original = files.copy_file

    def copy(source: str, target: str) -> None:
        seen.append(destination.visible())
        original(source, target)

    monkeypatch.setattr(files, "copy_file", copy)
    published = destination.publish()
    assert seen == [([], [])] * 13
    assert destination.visible() == ([published.version], [published.version])


def test_saved_model_file_is_copied_last_on_object_store(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = []
    original = files.copy_file

    def copy(source: str, target: str) -> None:
        targets.append(target)
        original(source, target)

    monkeypatch.setattr(files, "copy_file", copy)
    monkeypatch.setattr(files, "is_remote", lambda path: True)
    published = destination.publish()
    folders = (published.portable_path, published.serving_path)
    assert targets[11:] == [f"{folder}/saved_model.pb" for folder in folders]
    assert destination.visible() == ([published.version], [published.version])


def test_files_of_killed_push_are_removed(destination: Destination) -> None:
    good = destination.publish("good")
    (destination.serving / ".incoming-7" / "variables").mkdir(parents=True)
    (destination.portable / ".incoming-7").mkdir()
    # Killed after the rename of the twin and before that of the served model.
    orphan = destination.portable / str(int(good.version) + 50)
    shutil.copytree(good.portable_path, orphan)
    # Killed on an object store, before saved_model.pb.
    partial = destination.serving / str(int(good.version) + 60)
    shutil.copytree(good.serving_path, partial)
    (partial / "saved_model.pb").unlink()

    again = destination.publish("good")

    assert again.already_serving
    assert destination.all_names() == {good.version}


def test_number_of_an_orphan_twin_is_not_used_again(destination: Destination) -> None:
    good = destination.publish("good")
    orphan = destination.portable / str(int(good.version) + 50)
    shutil.copytree(good.portable_path, orphan)

    newest = destination.publish("newest").version

    assert int(newest) > int(orphan.name)
    assert destination.visible() == ([good.version, newest], [good.version, newest])


@pytest.mark.parametrize("keep_versions", [1, 5])
def test_twins_of_another_serving_folder_are_kept(
    destination: Destination, keep_versions: int
) -> None:
    served = [destination.publish(content).version for content in "ab"]
    elsewhere, destination.serving = destination.serving, destination.root / "moved" / "demo"

    moved = [destination.publish(content, keep_versions).version for content in "cd"]

    kept = moved[-keep_versions:]
    assert destination.visible() == (kept, [*served, *kept])
    assert {path.name for path in elsewhere.iterdir() if path.name.isdigit()} == set(served)


@pytest.mark.parametrize("locked", ["serving", "portable"])
def test_publishers_wait_for_each_other(destination: Destination, locked: str) -> None:
    folder = getattr(destination, locked)
    incoming = folder / ".incoming-7"
    incoming.mkdir(parents=True)
    with ThreadPoolExecutor(1) as pool:
        with exclusive_lock(str(folder)):
            waiting = pool.submit(destination.publish)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
            assert incoming.exists()
        published = waiting.result(timeout=30)
    assert destination.all_names() == {published.version}


def test_object_store_is_not_locked() -> None:
    with exclusive_lock("gs://bucket/demo"), exclusive_lock("gs://bucket/demo"):
        pass


def test_old_versions_are_removed_only_after_successful_push(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = [destination.publish(c, keep_versions=2).version for c in "abc"]
    assert destination.visible() == (versions[1:], versions[1:])

    with monkeypatch.context() as patched:
        fail_after(patched, 7)
        with pytest.raises(OSError, match="no space left"):
            destination.publish("d", keep_versions=1)
    assert destination.visible() == (versions[1:], versions[1:])

    newest = destination.publish("e", keep_versions=1).version
    assert destination.visible() == ([newest], [newest])


def test_withdrawn_versions_are_removed_when_older_than_kept_versions(
    destination: Destination,
) -> None:
    for content in "ab":
        destination.publish(content)
    withdrawn = rollback(str(destination.serving), str(destination.portable)).withdrawn[0]
    hidden = f".rolled-back-{withdrawn}"
    destination.publish("c", keep_versions=2)
    assert hidden in destination.all_names()
    destination.publish("d", keep_versions=2)
    assert hidden not in destination.all_names()


def test_foreign_versions_are_kept_and_not_counted(destination: Destination) -> None:
    foreign = destination.serving / "3"
    foreign.mkdir(parents=True)
    (foreign / "saved_model.pb").write_text("not ours")
    versions = [destination.publish(c, keep_versions=2).version for c in "abc"]
    assert destination.visible() == (["3", *versions[1:]], versions[1:])


def test_content_hash_depends_on_names_and_bytes_except_volatile_files(tmp_path: Path) -> None:
    one = content_hash(str(write_bundle(tmp_path / "one")))
    assert content_hash(str(write_bundle(tmp_path / "two"))) == one
    (tmp_path / "two" / "fragment.json").write_text("{}")
    assert content_hash(str(tmp_path / "two")) == one
    assets = tmp_path / "two" / "portable" / "assets"
    (assets / "items.txt").rename(assets / "x.txt")
    renamed = content_hash(str(tmp_path / "two"))
    (tmp_path / "one" / "scann/assets/items.txt").write_text("a\nc\n")
    edited = content_hash(str(tmp_path / "one"))
    assert len({one, renamed, edited}) == 3


@pytest.mark.parametrize("missing", ["scann", "portable"])
def test_bundle_without_model_is_rejected(destination: Destination, missing: str) -> None:
    bundle = write_bundle(destination.root / "bundle-graph")
    (bundle / missing / "saved_model.pb").unlink()
    with pytest.raises(InputError, match=rf"{missing} contains no saved_model\.pb"):
        publish_module.publish(
            str(bundle),
            str(destination.serving),
            str(destination.portable),
            publish_module.Manifest(name="demo"),
            towers=str(destination.towers("graph")),
            statistics_file=str(destination.statistics),
            keep_versions=1,
        )
    assert destination.all_names() == set()


def test_same_folder_for_both_models_is_rejected(destination: Destination) -> None:
    destination.portable = destination.serving
    with pytest.raises(InputError, match="separate folder"):
        destination.publish()


def test_keeping_no_version_is_rejected(destination: Destination) -> None:
    with pytest.raises(InputError, match="at least 1"):
        destination.publish(keep_versions=0)


def test_the_reference_of_the_traffic_does_not_make_another_version(tmp_path: Path) -> None:
    destination = Destination(tmp_path)
    first = destination.publish()
    for folder in ("scann", "portable"):
        reference = destination.bundle("graph") / folder / REFERENCE_FILE
        reference.parent.mkdir(parents=True)
        reference.write_bytes(b"measures whose last digits vary")

    second = destination.publish()

    assert (second.version, second.already_serving) == (first.version, True)


def towers_in(destination: Destination) -> dict[str, bytes]:
    """Returns the files of all proven towers, by their path from the folder of the models."""
    return {
        path: content for path, content in destination.files().items() if "proven_towers" in path
    }


def test_the_twin_of_a_version_has_the_proven_towers_without_their_parity_sample(
    destination: Destination,
) -> None:
    version = destination.publish("a").version

    folder = f"serving_portable/{version}/assets.extra/proven_towers"
    assert towers_in(destination) == {
        f"{folder}/saved_model.pb": b"towers a",
        f"{folder}/variables/variables.index": b"index",
        f"{folder}/assets/user_id": b"ann\n",
    }


def test_proven_towers_are_hidden_and_removed_with_their_version(destination: Destination) -> None:
    """So that an erased user does not remain in the towers of a version that is gone."""
    old = destination.publish("a").version
    new = destination.publish("b").version
    rollback(*destination.folders)
    hidden = {path.split("/")[1] for path in towers_in(destination)}
    assert hidden == {old, f".rolled-back-{new}"}

    last = destination.publish("c", keep_versions=1).version

    assert {path.split("/")[1] for path in towers_in(destination)} <= {
        last,
        f".rolled-back-{new}",
    }
    newest = destination.publish("d", keep_versions=1).version
    assert {path.split("/")[1] for path in towers_in(destination)} == {newest}


def test_other_towers_do_not_make_another_version(destination: Destination) -> None:
    """A version is new only if the served models differ."""
    first = destination.publish("a")
    destination.towers("a").joinpath("saved_model.pb").write_text("other towers")

    second = destination.publish("a")

    assert (second.version, second.already_serving) == (first.version, True)


def test_missing_towers_are_rejected(destination: Destination) -> None:
    (destination.towers("a") / "saved_model.pb").unlink()
    with pytest.raises(InputError, match=r"towers-a contains no saved_model\.pb"):
        destination.publish("a")
    assert destination.all_names() == set()
