"""Publishing is atomic, idempotent by content, and leaves what others put there alone."""

import shutil
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from pathlib import Path

import pytest
import tensorflow as tf

from components.pusher import publish as publish_module
from components.pusher.content_hash import content_hash
from components.pusher.lock import exclusive
from components.pusher.manifest import read_manifest, statistics_path
from components.pusher.rollback import rollback
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination, write_bundle


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(tmp_path)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_both_models_stand_under_one_version_with_manifest_and_statistics(destination) -> None:
    published = destination.publish()

    assert destination.visible() == ([published.version], [published.version])
    assert not published.already_serving
    for path, model in ((published.serving_path, "scann"), (published.exact_path, "exact")):
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


def test_equal_content_is_not_copied_again(destination) -> None:
    first = destination.publish()
    before = tree(destination.serving)

    again = destination.publish()

    assert again.already_serving
    assert (again.version, again.serving_path) == (first.version, first.serving_path)
    assert tree(destination.serving) == before


def test_a_served_version_without_its_twin_is_published_again(destination) -> None:
    first = destination.publish()
    shutil.rmtree(first.exact_path)

    again = destination.publish()

    assert not again.already_serving
    assert int(again.version) > int(first.version)
    assert destination.visible()[1] == [again.version]


def test_only_the_newest_version_counts_as_serving(destination) -> None:
    destination.publish("a")
    destination.publish("b")
    assert not destination.publish("a").already_serving


def test_versions_grow_within_a_second_and_past_a_clock_gone_back(destination, monkeypatch) -> None:
    monkeypatch.setattr(publish_module.time, "time", lambda: 1000.9)
    assert [destination.publish(c).version for c in "abc"] == ["1000", "1001", "1002"]
    monkeypatch.setattr(publish_module.time, "time", lambda: 500.0)
    assert destination.publish("d").version == "1003"
    monkeypatch.setattr(publish_module.time, "time", lambda: 2000.0)
    assert destination.publish("e").version == "2000"


def test_a_withdrawn_version_number_is_not_given_again(destination, monkeypatch) -> None:
    monkeypatch.setattr(publish_module.time, "time", lambda: 1000.0)
    for content in "ab":
        destination.publish(content)
    rollback(str(destination.serving), str(destination.exact))
    assert destination.publish("c").version == "1002"


def fail_after(monkeypatch, num_copies: int) -> None:
    """The disk is full after `num_copies` files."""
    copied = []
    real = tf.io.gfile.copy

    def copy(source: str, target: str, overwrite: bool = False) -> None:
        if len(copied) == num_copies:
            raise OSError("no space left on device")
        copied.append(target)
        real(source, target, overwrite)

    monkeypatch.setattr(publish_module.tf.io.gfile, "copy", copy)


# A model is five files with its statistics: 0-4 break the twin, 5-9 the served model.
@pytest.mark.parametrize("num_copies", range(10))
def test_a_push_that_breaks_leaves_nothing_and_the_last_good_version(
    destination, monkeypatch, num_copies
) -> None:
    good = destination.publish("good")
    before = tree(destination.root / "serving"), tree(destination.root / "serving_exact")

    with monkeypatch.context() as patched:
        fail_after(patched, num_copies)
        with pytest.raises(OSError, match="no space left"):
            destination.publish("bad")

    assert (tree(destination.root / "serving"), tree(destination.root / "serving_exact")) == before
    assert destination.all_names() == {good.version}


def test_the_twin_goes_when_the_served_model_cannot_be_renamed(destination, monkeypatch) -> None:
    real = tf.io.gfile.rename

    def rename(source: str, target: str, overwrite: bool = False) -> None:
        if target.startswith(str(destination.serving)):
            raise OSError("permission denied")
        real(source, target, overwrite)

    monkeypatch.setattr(publish_module.tf.io.gfile, "rename", rename)
    with pytest.raises(OSError, match="permission denied"):
        destination.publish()
    assert destination.all_names() == set()


def test_nothing_is_visible_while_files_are_copied(destination, monkeypatch) -> None:
    seen = []
    real = tf.io.gfile.copy

    def copy(source: str, target: str, overwrite: bool = False) -> None:
        seen.append(destination.visible())
        real(source, target, overwrite)

    monkeypatch.setattr(publish_module.tf.io.gfile, "copy", copy)
    published = destination.publish()
    # The twin first, all of it; then the served model.
    assert seen == [([], [])] * 5 + [([], [published.version])] * 5


def test_on_an_object_store_the_saved_model_file_is_copied_last(destination, monkeypatch) -> None:
    targets = []
    real = tf.io.gfile.copy

    def copy(source: str, target: str, overwrite: bool = False) -> None:
        targets.append(Path(target).name)
        real(source, target, overwrite)

    monkeypatch.setattr(publish_module.tf.io.gfile, "copy", copy)
    monkeypatch.setattr(publish_module.v, "is_remote", lambda path: True)
    published = destination.publish()
    assert [targets[4], targets[9]] == ["saved_model.pb"] * 2
    assert targets.count("saved_model.pb") == 2
    assert destination.visible() == ([published.version], [published.version])


def test_what_a_killed_push_left_is_removed(destination) -> None:
    good = destination.publish("good")
    (destination.serving / ".incoming-7" / "variables").mkdir(parents=True)
    (destination.exact / ".incoming-7").mkdir()
    # Killed between the twin's rename and the served model's.
    orphan = destination.exact / str(int(good.version) + 50)
    shutil.copytree(good.exact_path, orphan)
    # Killed on an object store, before saved_model.pb.
    partial = destination.serving / str(int(good.version) + 60)
    shutil.copytree(good.serving_path, partial)
    (partial / "saved_model.pb").unlink()

    again = destination.publish("good")

    assert again.already_serving
    assert destination.all_names() == {good.version}


def test_an_orphan_stays_until_the_new_version_has_been_placed(destination, monkeypatch) -> None:
    good = destination.publish("good")
    orphan = destination.exact / str(int(good.version) + 50)
    shutil.copytree(good.exact_path, orphan)
    with monkeypatch.context() as patched:
        fail_after(patched, 7)
        with pytest.raises(OSError, match="no space left"):
            destination.publish("bad")
    assert orphan.exists()

    newest = destination.publish("newest").version
    assert destination.visible() == ([good.version, newest], [good.version, newest])


@pytest.mark.parametrize("keep_versions", [1, 5])
def test_twins_of_what_serves_from_another_folder_stay(destination, keep_versions) -> None:
    served = [destination.publish(content).version for content in "ab"]
    elsewhere, destination.serving = destination.serving, destination.root / "moved" / "demo"

    moved = [destination.publish(content, keep_versions).version for content in "cd"]

    kept = moved[-keep_versions:]
    assert destination.visible() == (kept, [*served, *kept])
    assert {path.name for path in elsewhere.iterdir() if path.name.isdigit()} == set(served)


@pytest.mark.parametrize("locked", ["serving", "exact"])
def test_a_publisher_waits_for_the_one_before_it(destination, locked) -> None:
    folder = getattr(destination, locked)
    incoming = folder / ".incoming-7"
    incoming.mkdir(parents=True)
    with ThreadPoolExecutor(1) as pool:
        with exclusive(str(folder)):
            waiting = pool.submit(destination.publish)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
            assert incoming.exists()
        published = waiting.result(timeout=30)
    assert destination.all_names() == {published.version}


def test_an_object_store_is_not_locked() -> None:
    with exclusive("gs://bucket/demo"), exclusive("gs://bucket/demo"):
        pass


def test_old_versions_go_only_after_a_push_that_succeeded(destination, monkeypatch) -> None:
    versions = [destination.publish(c, keep_versions=2).version for c in "abc"]
    assert destination.visible() == (versions[1:], versions[1:])

    with monkeypatch.context() as patched:
        fail_after(patched, 7)
        with pytest.raises(OSError, match="no space left"):
            destination.publish("d", keep_versions=1)
    assert destination.visible() == (versions[1:], versions[1:])

    newest = destination.publish("e", keep_versions=1).version
    assert destination.visible() == ([newest], [newest])


def test_withdrawn_versions_go_once_older_than_all_that_is_kept(destination) -> None:
    for content in "ab":
        destination.publish(content)
    withdrawn = rollback(str(destination.serving), str(destination.exact)).withdrawn[0]
    hidden = f".rolled-back-{withdrawn}"
    destination.publish("c", keep_versions=2)
    assert hidden in destination.all_names()
    destination.publish("d", keep_versions=2)
    assert hidden not in destination.all_names()


def test_versions_of_others_stay_and_do_not_count(destination) -> None:
    foreign = destination.serving / "3"
    foreign.mkdir(parents=True)
    (foreign / "saved_model.pb").write_text("not ours")
    versions = [destination.publish(c, keep_versions=2).version for c in "abc"]
    assert destination.visible() == (["3", *versions[1:]], versions[1:])


def test_the_hash_follows_names_and_bytes_and_not_volatile_files(tmp_path) -> None:
    one = content_hash(str(write_bundle(tmp_path / "one")))
    assert content_hash(str(write_bundle(tmp_path / "two"))) == one
    (tmp_path / "two" / "fragment.json").write_text("{}")
    assert content_hash(str(tmp_path / "two")) == one
    (tmp_path / "two" / "exact/assets/items.txt").rename(tmp_path / "two" / "exact/assets/x.txt")
    renamed = content_hash(str(tmp_path / "two"))
    (tmp_path / "one" / "scann/assets/items.txt").write_text("a\nc\n")
    edited = content_hash(str(tmp_path / "one"))
    assert len({one, renamed, edited}) == 3


@pytest.mark.parametrize("missing", ["scann", "exact"])
def test_a_bundle_without_a_model_is_rejected(destination, missing) -> None:
    bundle = write_bundle(destination.root / "bundle-graph")
    (bundle / missing / "saved_model.pb").unlink()
    with pytest.raises(InputError, match=rf"{missing} holds no saved_model\.pb"):
        publish_module.publish(
            str(bundle),
            str(destination.serving),
            str(destination.exact),
            publish_module.Manifest(name="demo"),
            statistics_file=str(destination.statistics),
            keep_versions=1,
        )
    assert destination.all_names() == set()


def test_one_folder_for_both_models_is_rejected(destination) -> None:
    destination.exact = destination.serving
    with pytest.raises(InputError, match="folder of its own"):
        destination.publish()


def test_keeping_no_version_is_rejected(destination) -> None:
    with pytest.raises(InputError, match="at least 1"):
        destination.publish(keep_versions=0)
