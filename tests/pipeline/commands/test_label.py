"""`twotower label`: sets, removes and prints the labels of versions."""

from pathlib import Path

import pytest

from pipeline.commands.label import change_labels
from pipeline.commands.unavailable import replace_unavailable
from schemas.errors import InputError
from tests.pipeline.commands.finished_run import FinishedRun


@pytest.fixture
def run(tmp_path: Path) -> FinishedRun:
    run = FinishedRun(tmp_path / "run")
    for content in "ab":
        run.publish(content)
    return run


def label(run: FinishedRun, *labels: str, remove: tuple[str, ...] = ()) -> str:
    return change_labels(str(run.root), run.record, labels, remove)


def test_labels_are_set_printed_and_removed(run: FinishedRun) -> None:
    a, b = run.visible()[0]
    assert label(run) == f"Labels: stable={b}\n"
    assert label(run, f"stable={a}", f"canary={b}") == f"Labels: canary={b}, stable={a}\n"
    assert label(run, remove=("canary",)) == f"Labels: stable={a}\n"


@pytest.mark.parametrize("text", ["canary", "canary=", "=7", "canary=new", "canary=7=8"])
def test_another_form_is_rejected(run: FinishedRun, text: str) -> None:
    with pytest.raises(InputError, match=r"expected NAME=VERSION, e\.g\. canary="):
        label(run, text)


def test_a_new_list_names_versions_that_keep_their_own(run: FinishedRun) -> None:
    a, _ = run.visible()[0]
    label(run, f"canary={a}")
    line = replace_unavailable(str(run.root), run.record, run.write_list("a"))
    assert line.endswith(f"; version {a}, labelled canary, keeps its own list\n")
