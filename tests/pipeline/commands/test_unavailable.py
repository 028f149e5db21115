"""`twotower unavailable`: a list of unavailable items replaces the one of the served model."""

import re
from pathlib import Path

import pytest

from pipeline.commands.unavailable import replace_unavailable
from schemas.errors import InputError
from tests.pipeline.commands.finished_run import FinishedRun


@pytest.fixture
def run(tmp_path: Path) -> FinishedRun:
    return FinishedRun(tmp_path / "run")


def test_the_list_is_served_and_unknown_ids_are_reported(run: FinishedRun) -> None:
    run.publish()

    line = replace_unavailable(str(run.root), run.record, run.write_list("b\nnew\na\n"))

    version = run.visible()[0][-1]
    assert line == (
        f"Version {version} is served, 2 items unavailable; 1 listed ids are not items of this "
        "model (the first is 'new') and will apply to later versions that contain them\n"
    )
    assert run.unavailable_items() == [["a", "b", "new"]] * 2
    line = replace_unavailable(str(run.root), run.record, run.write_list(""))
    assert line == f"Version {run.visible()[0][-1]} is served, 0 items unavailable\n"
    assert run.unavailable_items() == [[], []]


def test_the_list_is_normalised_as_the_ids_of_the_version(run: FinishedRun) -> None:
    run.publish(id_rules=["case"])
    replace_unavailable(str(run.root), run.record, run.write_list("B\nA\na\n"))
    assert run.unavailable_items() == [["a", "b"]] * 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sku,quantity\na,3\n", "the line 'a,3' is not an item of the model, but 'a' is"),
        ('b\n"a"\n', "but 'a' is; write one item id per line, without quotes"),
        ("c\nb\na\nz\n", "lists all 3 items of the model, so that nothing"),
    ],
)
def test_an_invalid_list_is_rejected(run: FinishedRun, text: str, message: str) -> None:
    run.publish()
    with pytest.raises(InputError, match=re.escape(message)):
        replace_unavailable(str(run.root), run.record, run.write_list(text))
    assert [len(versions) for versions in run.visible()] == [1, 1]


def test_a_list_may_contain_only_items_of_later_versions(run: FinishedRun) -> None:
    run.publish()
    line = replace_unavailable(str(run.root), run.record, run.write_list("new\n"))
    assert "0 items unavailable; 1 listed ids are not items of this model" in line
    assert run.unavailable_items() == [["new"], ["new"]]


def test_in_a_copied_run_directory_the_copy_is_changed(run: FinishedRun, tmp_path: Path) -> None:
    run.publish()
    copy = FinishedRun(tmp_path / "copy")
    copy.publish()

    replace_unavailable(str(copy.root), run.record, run.write_list("a"))

    assert run.unavailable_items() == [[], []]
    assert copy.unavailable_items() == [["a"], ["a"]]


def test_without_a_pushed_version_no_folder_is_created(run: FinishedRun) -> None:
    with pytest.raises(InputError, match="no version"):
        replace_unavailable(str(run.root), run.record, run.write_list("a"))
    assert not run.serving.exists()
