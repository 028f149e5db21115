"""Labels: pushes and rollbacks move `stable`; a labelled version is neither removed nor hidden."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.current_model.find import find_current_model
from components.pusher.label_versions import label_versions
from components.pusher.labels import announce, served_version
from components.pusher.mark_unavailable import mark_unavailable
from components.pusher.models_config import num_loaded, read_labels
from components.pusher.rollback import rollback
from components.pusher.unavailable_lists import read_list
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination
from tests.components.pusher.state import (
    check_labels,
    check_num_loaded,
    leftovers,
    visible_contents,
)


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    destination = Destination(tmp_path)
    for content in "abc":
        destination.publish(content)
    return destination


def versions(destination: Destination) -> list[int]:
    return sorted(visible_contents(destination))


def label(destination: Destination, *removed: str, **labels: int) -> dict[str, int]:
    return label_versions(*destination.folders, labels, removed)


def assert_labels(destination: Destination, **expected: int) -> None:
    for folder in destination.folders:
        assert read_labels(folder) == expected


def test_a_push_moves_stable_and_no_other_label(destination: Destination) -> None:
    _, b, c = versions(destination)
    assert_labels(destination, stable=c)
    label(destination, canary=b)

    newest = int(destination.publish("d").version)

    assert_labels(destination, stable=newest, canary=b)


def test_stable_is_the_version_that_serves(destination: Destination) -> None:
    _, b, c = versions(destination)
    label(destination, stable=b, canary=c)

    assert served_version(destination.folders[0]) == b
    assert find_current_model(*destination.folders).version == str(b)
    assert destination.publish("b").already_serving
    assert_labels(destination, stable=b, canary=c)
    marked = mark_unavailable(*destination.folders, ["a"], keep_versions=5)
    assert visible_contents(destination)[int(marked.version)] == "b"
    assert_labels(destination, stable=int(marked.version), canary=c)


def test_a_push_with_a_label_moves_only_this_label(destination: Destination) -> None:
    _, _, c = versions(destination)

    first = destination.publish("d", label="canary")
    assert_labels(destination, stable=c, canary=int(first.version))
    second = destination.publish("e", label="canary")
    assert_labels(destination, stable=c, canary=int(second.version))

    assert served_version(destination.folders[0]) == c
    again = destination.publish("e", label="canary")
    assert (again.version, again.already_serving) == (second.version, True)
    assert_labels(destination, stable=c, canary=int(second.version))


def test_the_first_version_is_stable_whatever_its_label(tmp_path: Path) -> None:
    destination = Destination(tmp_path)
    first = int(destination.publish("a", label="canary").version)
    assert_labels(destination, stable=first, canary=first)
    second = int(destination.publish("b", label="canary").version)
    assert_labels(destination, stable=first, canary=second)


def test_the_version_that_serves_without_labels_becomes_stable(destination: Destination) -> None:
    *_, c = versions(destination)
    for folder in destination.folders:
        (Path(folder) / "models.config").unlink()
    canary = int(destination.publish("d", label="canary").version)
    assert_labels(destination, stable=c, canary=canary)


@pytest.mark.parametrize("content", ["c", "b"])
def test_a_canary_with_the_content_of_another_version(
    destination: Destination, content: str
) -> None:
    _, b, c = versions(destination)
    label(destination, stable=b, other=c)
    before = visible_contents(destination)

    assert destination.publish(content, label="canary").already_serving

    assert visible_contents(destination) == before
    assert_labels(destination, stable=b, other=c, canary={"b": b, "c": c}[content])


def test_the_canary_is_known_by_its_label_below_a_newer_stable_version(
    destination: Destination,
) -> None:
    canary = int(destination.publish("d", label="canary").version)
    marked = int(mark_unavailable(*destination.folders, ["a"], keep_versions=5).version)
    assert marked > canary

    assert destination.publish("d", label="canary").already_serving

    assert_labels(destination, stable=marked, canary=canary)


def test_a_canary_takes_over_the_list_of_the_stable_version(destination: Destination) -> None:
    mark_unavailable(*destination.folders, ["a"], keep_versions=5)
    canary = destination.publish("d", label="canary")
    assert read_list(canary.serving_path) == ["a"]


def test_stable_and_canary_are_kept_beside_keep_versions(destination: Destination) -> None:
    *_, c = versions(destination)
    for content in "def":
        canary = int(destination.publish(content, keep_versions=1, label="canary").version)
    assert versions(destination) == [c, canary]


def test_a_rollback_does_not_hide_a_pushed_canary(destination: Destination) -> None:
    *_, b, c = versions(destination)
    canary = int(destination.publish("d", label="canary").version)
    before = destination.files()
    with pytest.raises(InputError, match=rf"version {canary} has the label canary"):
        rollback(*destination.folders, to=b)
    assert destination.files() == before

    label(destination, stable=b)
    assert_labels(destination, stable=b, canary=canary)
    label(destination, "canary")
    rollback(*destination.folders, to=c)
    assert_labels(destination, stable=c)


def test_the_default_of_a_rollback_is_older_than_the_stable_version(
    destination: Destination,
) -> None:
    a, b, _ = versions(destination)
    destination.publish("d", label="canary")
    label(destination, "canary", stable=b)

    result = rollback(*destination.folders)

    assert result.version == str(a)
    assert_labels(destination, stable=a)
    assert versions(destination) == [a]


def test_a_rollback_does_not_go_to_a_canary_below_a_new_list(destination: Destination) -> None:
    *_, b, _ = versions(destination)
    destination.publish("d", label="canary")
    mark_unavailable(*destination.folders, ["a"], keep_versions=9)

    with pytest.raises(InputError, match=rf"--remove canary.*label RUN stable={b}"):
        rollback(*destination.folders)
    label(destination, "canary")
    assert rollback(*destination.folders).version == str(b)


def test_the_remedy_of_a_rollback_below_a_canary_moves_stable(destination: Destination) -> None:
    _, b, _ = versions(destination)
    destination.publish("d", label="canary")
    with pytest.raises(InputError, match=rf"label RUN stable={b}"):
        rollback(*destination.folders)


def test_a_promoted_canary_is_served(destination: Destination) -> None:
    canary = int(destination.publish("d", label="canary").version)
    label(destination, stable=canary)
    assert served_version(destination.folders[0]) == canary
    newest = int(destination.publish("e", label="canary").version)
    assert_labels(destination, stable=canary, canary=newest)


def test_a_push_of_the_canary_makes_it_stable(destination: Destination) -> None:
    _, b, c = versions(destination)
    label(destination, stable=b, canary=c)

    assert destination.publish("c").already_serving

    assert_labels(destination, stable=c, canary=c)


def test_a_new_list_moves_all_labels_of_the_model(destination: Destination) -> None:
    label(destination, canary=versions(destination)[-1])
    marked = int(mark_unavailable(*destination.folders, ["a"], keep_versions=5).version)
    assert_labels(destination, stable=marked, canary=marked)


def test_labelled_versions_are_kept_in_addition(destination: Destination) -> None:
    label(destination, canary=versions(destination)[0])
    first = versions(destination)[0]

    newest = int(destination.publish("d", keep_versions=1).version)
    assert versions(destination) == [first, newest]

    label(destination, "canary")
    last = int(destination.publish("e", keep_versions=1).version)
    assert versions(destination) == [last]


def test_a_rollback_moves_stable_in_both_folders(destination: Destination) -> None:
    a, b, c = versions(destination)
    rollback(*destination.folders)
    assert_labels(destination, stable=b)
    rollback(*destination.folders, to=a)
    assert_labels(destination, stable=a)
    rollback(*destination.folders, to=c)
    assert_labels(destination, stable=c)
    assert versions(destination) == [a, c]


def test_a_rollback_does_not_hide_a_labelled_version(destination: Destination) -> None:
    a, b, c = versions(destination)
    label(destination, stable=b, canary=c)
    before = destination.files()

    with pytest.raises(
        InputError, match=rf"{c} has the label canary.*label RUN --remove canary.*stable={a}"
    ):
        rollback(*destination.folders, to=a)

    assert destination.files() == before
    label(destination, "canary")
    rollback(*destination.folders, to=a)
    assert versions(destination) == [a]
    assert_labels(destination, stable=a)


def test_an_older_canary_does_not_prevent_a_rollback(destination: Destination) -> None:
    a, b, _ = versions(destination)
    label(destination, canary=a)
    rollback(*destination.folders)
    assert_labels(destination, stable=b, canary=a)


def test_a_destination_without_labels_can_be_rolled_back(destination: Destination) -> None:
    for folder in destination.folders:
        (Path(folder) / "models.config").unlink()
    a, b, _ = versions(destination)
    rollback(*destination.folders)
    assert versions(destination) == [a, b]
    assert_labels(destination)
    label(destination, canary=a)
    assert_labels(destination, stable=b, canary=a)


def test_a_push_that_was_interrupted_before_its_label_is_completed(
    destination: Destination,
) -> None:
    _, b, c = versions(destination)
    label(destination, stable=b)
    announce(destination.folders[0], ["stable", "canary"], c)
    announce(destination.folders[0], ["canary"], c + 100)  # Interrupted before it was installed.

    assert label(destination) == {"stable": c, "canary": c}
    assert leftovers(destination) == []


def test_a_label_of_a_missing_version_is_dropped(
    destination: Destination, caplog: pytest.LogCaptureFixture
) -> None:
    a, *_ = versions(destination)
    label(destination, canary=a)
    for folder in destination.folders:
        (Path(folder) / str(a)).rename(Path(folder) / "elsewhere")

    newest = int(destination.publish("d").version)

    assert_labels(destination, stable=newest)
    assert f"its version {a} is not in" in caplog.text


@pytest.mark.parametrize(
    ("labels", "removed", "message"),
    [
        ({"canary": 7}, (), r"canary=7: there is no such version.*available versions: \d+, "),
        ({"a b": 7}, (), "letters, digits and underscores"),
        ({}, ("stable",), "'stable' cannot be removed: the next push or rollback moves it"),
        ({}, ("canary",), "'canary' cannot be removed: there is none; labels: stable="),
    ],
)
def test_invalid_changes_are_rejected(
    destination: Destination, labels: dict[str, int], removed: tuple[str, ...], message: str
) -> None:
    before = destination.files()
    with pytest.raises(InputError, match=message):
        label_versions(*destination.folders, labels, removed)
    assert destination.files() == before


def test_a_label_moves_only_to_a_version_that_servers_have_loaded(
    destination: Destination,
) -> None:
    a, b, c = versions(destination)
    label(destination, canary=c)
    with pytest.raises(InputError, match=rf"newest 2 versions.*{b}, {c}; .*--remove canary"):
        label(destination, canary=a)
    with pytest.raises(InputError, match=rf"rollback RUN --to {a}"):
        label(destination, stable=a)
    label(destination, "canary")
    assert label(destination, canary=a) == {"stable": c, "canary": a}
    assert num_loaded(destination.folders[0]) == 4
    label(destination, canary=b)


def test_labels_need_a_version(tmp_path: Path) -> None:
    destination = Destination(tmp_path)
    with pytest.raises(InputError, match="contains no version to label"):
        label(destination, canary=1)
    assert not destination.serving.exists()


COMMANDS = st.lists(
    st.tuples(
        st.sampled_from(["publish", "publish canary", "mark", "rollback", "label", "remove"]),
        st.integers(0, 3),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(commands=COMMANDS)
def test_labels_are_of_visible_versions_and_a_server_can_follow_them(
    tmp_path_factory: pytest.TempPathFactory, commands: list[tuple[str, int]]
) -> None:
    destination = Destination(tmp_path_factory.mktemp("labels"))
    known = {int(destination.publish("first", keep_versions=2).version)}
    for command, number in commands:
        before, labelled = set(versions(destination)), check_labels(destination)
        try:
            if command == "publish":
                destination.publish(f"graph {number}", keep_versions=2)
            elif command == "publish canary":
                pushed = destination.publish(f"graph {number}", keep_versions=2, label="canary")
                labels = check_labels(destination)
                assert labels == {**labelled, "canary": int(pushed.version)}
            elif command == "mark":
                mark_unavailable(*destination.folders, [str(number)], keep_versions=2)
            elif command == "rollback":
                rollback(*destination.folders)
            elif command == "label":
                label(destination, canary=sorted(before)[number % len(before)])
            else:
                label(destination, "canary")
        except InputError:
            assert (set(versions(destination)), check_labels(destination)) == (before, labelled)
        now, labels = versions(destination), check_labels(destination)
        assert labels["stable"] in now
        assert set(labels.values()) <= set(now)
        canary = labelled.get("canary")
        # A push moves its label, and a new list moves all labels of the version that serves.
        is_moved = command == "publish canary" or (
            command == "mark" and canary == labelled["stable"]
        )
        assert canary is None or canary in now or is_moved
        loaded = num_loaded(destination.folders[0])
        assert loaded is not None
        assert set(labels.values()) <= set(now[-loaded:])
        check_num_loaded(destination)
        assert all(version > max(known) for version in set(now) - known)
        known |= set(now)
        assert leftovers(destination) == []
