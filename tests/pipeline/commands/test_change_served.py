"""Another list, or another version, of the model that a run directory serves."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components.indexer.search.item_table import ItemTable
from components.pusher.place import unavailable_path
from components.unavailable import read_unavailable
from pipeline.commands.change_served import go_back, replace_unavailable
from pipeline.exit_codes import ExitCode
from pipeline.paths import run_paths
from pipeline.runners.write_record import run_record
from schemas.errors import InputError
from schemas.settings import Settings, from_dict
from tests.components.pusher.bundles import Destination
from tests.worlds import write_chain_world


class Run(Destination):
    """A finished run in a directory, and the items of its models."""

    def __init__(self, root: Path):
        super().__init__(root)
        world = write_chain_world(root.parent / "world", 4, 6, 4)
        settings = from_dict(Settings, {**world, "name": "demo", "output": str(root)})
        paths = run_paths(settings)
        self.record = run_record(settings, "c.yaml", paths, 0.0, ExitCode.PUSHED, None, [])

    def publish(self, *args: Any, **kwargs: Any) -> Any:
        done = super().publish(*args, **kwargs)
        model = tf.Module()
        model.items = ItemTable(np.array([b"a", b"b", b"c"], object))
        for folder in (done.serving_path, done.exact_path):
            tf.train.Checkpoint(model).write(f"{folder}/variables/variables")
        return done

    def lists(self) -> list[list[str]]:
        """What the newest version and its twin may not recommend."""
        serving, exact = self.visible()
        folders = (self.serving / serving[-1], self.exact / exact[-1])
        return [read_unavailable(unavailable_path(str(folder))) for folder in folders]

    def written(self, text: str) -> str:
        """A file of item ids."""
        (self.root / "sold-out.txt").write_text(text, encoding="utf-8")
        return str(self.root / "sold-out.txt")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "run").mkdir()
    return Run(tmp_path / "run")


def test_a_list_is_served_and_what_the_model_lacks_is_told(run: Run) -> None:
    run.publish()

    said = replace_unavailable(str(run.root), run.record, run.written("b\nnew\na\n"))

    version = run.visible()[0][-1]
    assert said == (
        f"Version {version} is served, 2 items unavailable; 1 more of the list are no items of the "
        "model, the first 'new': they wait for one that has them\n"
    )
    assert run.lists() == [["a", "b", "new"]] * 2
    said = replace_unavailable(str(run.root), run.record, run.written(""))
    assert said == f"Version {run.visible()[0][-1]} is served, 0 items unavailable\n"
    assert run.lists() == [[], []]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sku,quantity\na,3\n", "the line 'a,3' is no item of the model, but 'a' is"),
        ('b\n"a"\n', "but 'a' is: expected one item id a line, without quotes"),
        ("c\nb\na\nz\n", "lists all 3 items of the model, so that nothing"),
    ],
)
def test_a_file_of_something_else_is_rejected(run: Run, text: str, message: str) -> None:
    run.publish()
    with pytest.raises(InputError, match=re.escape(message)):
        replace_unavailable(str(run.root), run.record, run.written(text))
    assert [len(versions) for versions in run.visible()] == [1, 1]


def test_a_list_of_items_to_come_waits(run: Run) -> None:
    run.publish()
    said = replace_unavailable(str(run.root), run.record, run.written("new\n"))
    assert "0 items unavailable; 1 more of the list are no items of the model" in said
    assert run.lists() == [["new"], ["new"]]


def test_a_run_directory_that_was_copied_changes_what_the_copy_serves(
    run: Run, tmp_path: Path
) -> None:
    run.publish()
    (tmp_path / "copy").mkdir()
    copy = Run(tmp_path / "copy")
    copy.publish()

    replace_unavailable(str(copy.root), run.record, run.written("a"))

    assert run.lists() == [[], []]
    assert copy.lists() == [["a"], ["a"]]


def test_where_nothing_was_pushed_no_folder_is_made(run: Run) -> None:
    for change in (
        lambda: replace_unavailable(str(run.root), run.record, run.written("a")),
        lambda: go_back(str(run.root), run.record, None),
    ):
        with pytest.raises(InputError, match=r"no version|no other model"):
            change()
    assert not run.serving.exists()


def test_going_back_keeps_the_list(run: Run) -> None:
    run.publish()
    run.publish("another graph")
    replace_unavailable(str(run.root), run.record, run.written("a"))
    first, second, third = run.visible()[0]

    said = go_back(str(run.root), run.record, int(first))

    assert said == f"Version {first} is served, 1 items unavailable; withdrawn: {second}, {third}\n"
    assert run.visible() == ([first], [first])
    assert run.lists() == [["a"], ["a"]]


def test_a_record_without_a_configuration_is_rejected(run: Run) -> None:
    for record in ({"status": "failed"}, {"config": {"name": "x"}}):
        with pytest.raises(InputError, match="holds no configuration"):
            go_back(str(run.root), record, None)
