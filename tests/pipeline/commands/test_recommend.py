"""`twotower recommend`: the history on the command line, and its unknown items."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.indexer.search.item_table import ItemTable
from components.pusher.manifest import Manifest, write_manifest
from pipeline.commands.history_option import read_history
from pipeline.commands.recommend import open_model, recommend_command
from pipeline.console import Console
from schemas.errors import InputError
from schemas.serving import DEFAULT, SIGNATURES
from tests.pipeline.commands.finished_run import FinishedRun
from tests.pipeline.serving.running_server import RunningServer, running_server

ITEMS = ("red, large", 'ä "quoted"', "line\u2028separator", "x" * 300)


@pytest.mark.parametrize(
    ("line", "items"),
    [
        ("", []),
        ("a,b,c", ["a", "b", "c"]),
        (" a , b ,, ", ["a", "b"]),
        ('a,"red, large",b', ["a", "red, large", "b"]),
        ('a, "red, large" ', ["a", "red, large"]),
        ('5" pipe,b', ['5" pipe', "b"]),
        ('"5"" pipe, long",b', ['5" pipe, long', "b"]),
        ('"two\nlines",b', ["two\nlines", "b"]),
        ("line\u2028separator", ["line\u2028separator"]),
    ],
)
def test_the_history_is_a_line_of_csv(line: str, items: list[str]) -> None:
    assert read_history(line, []) == items


def test_items_are_taken_as_they_are() -> None:
    assert read_history("", ["a,b", '"c"', " d"]) == ["a,b", '"c"', " d"]


@pytest.mark.parametrize("line", ['"a,b', '"a"b,c', "a\nb"])
def test_a_line_that_is_not_csv_is_an_error(line: str) -> None:
    with pytest.raises(InputError, match=r"--history .*: is not a line of CSV .* --item"):
        read_history(line, [])


def test_both_options_are_an_error() -> None:
    with pytest.raises(InputError, match="--history and --item are both given"):
        read_history("a", ["b"])


class Model(tf.Module):
    """A model that recommends its items in their order; each is similar to the first one."""

    def __init__(self, items: Sequence[str] = ITEMS):
        """Creates a model with the given items; a single one has no similar item."""
        super().__init__()
        self.item_ids = tuple(items)
        self.items = ItemTable(np.array([item.encode() for item in items], object))

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, "user_id"),
            tf.TensorSpec([None, None], tf.string, "history_item_id"),
        ]
    )
    def recommend(self, user_id: tf.Tensor, history_item_id: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns all items."""
        del history_item_id
        num_rows = tf.size(user_id)
        scores = tf.range(len(self.item_ids), 0, -1, tf.float32)
        return {
            "item_id": tf.tile(tf.constant([self.item_ids]), [num_rows, 1]),
            "score": tf.tile(scores[tf.newaxis], [num_rows, 1]),
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "item_id")])
    def similar(self, item_id: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the first item for each known id."""
        has_other = (self.items.rows(item_id) >= 0) & (len(self.item_ids) > 1)
        return {"item_id": tf.where(has_other, self.item_ids[0], "")[:, tf.newaxis]}

    def export(self, path: str) -> None:
        """Writes the model as a SavedModel."""
        signatures = dict.fromkeys(SIGNATURES, self.similar) | {DEFAULT: self.recommend}
        tf.saved_model.save(self, path, signatures=signatures)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("model"))
    Model().export(f"{path}/7")
    return path


@pytest.fixture(scope="module")
def server(folder: str) -> Iterator[RunningServer]:
    with running_server(Path(folder)) as run:
        yield run


@pytest.fixture(scope="module")
def rest(server: RunningServer) -> str:
    return server.model_url


@pytest.fixture(scope="module")
def grpc(server: RunningServer) -> str:
    return f"grpc://127.0.0.1:{server.server.grpc_port}/{server.server.manager.name}"


@pytest.fixture(params=["folder", "rest", "grpc"])
def model(request: pytest.FixtureRequest) -> str:
    name: str = request.getfixturevalue(request.param)
    return name


def test_unknown_items_are_found(model: str) -> None:
    history = ["red", *ITEMS, "large", "red"]
    assert open_model(model).unknown_items(history) == ["red", "large"]
    assert open_model(model).unknown_items(ITEMS) == []


def test_an_item_without_similar_items_is_an_item(tmp_path: Path) -> None:
    Model(["only"]).export(f"{tmp_path}/1")
    assert open_model(str(tmp_path)).unknown_items(["only", "other"]) == ["other"]


def test_ids_are_compared_by_the_rules_of_the_version(tmp_path: Path) -> None:
    Model(["sku-1"]).export(f"{tmp_path}/1")
    write_manifest(f"{tmp_path}/1", Manifest("shop", id_rules=["case", "decimal_zero"]))
    assert open_model(str(tmp_path)).unknown_items(["SKU-1", "sku-1.0"]) == ["sku-1.0"]


def string_console() -> Console:
    return Console(progress=io.StringIO(), result=io.StringIO())


@pytest.mark.parametrize(
    ("history", "warning"),
    [
        (["red", "large", *ITEMS], "2 of the 6 different ids of the history "),
        (list(ITEMS), ""),
        ([], ""),
    ],
)
def test_the_command_names_unknown_items(model: str, history: list[str], warning: str) -> None:
    console = string_console()
    recommend_command(model, "u", history, 3, None, True, console)
    text = console.progress.getvalue()  # type: ignore[attr-defined]
    assert warning in text
    assert bool(text) == bool(warning)
    assert (": 'red', 'large'; check their spelling" in text) == bool(warning)
    assert ("are not items of this model" in text) == bool(warning)
    rows = json.loads(console.result.getvalue())  # type: ignore[attr-defined]
    assert [row["item_id"] for row in rows] == list(ITEMS[:3])


def test_titles_are_printed_after_the_ids(model: str, tmp_path: Path) -> None:
    titles = tmp_path / "titles.csv"
    titles.write_text('item,title\n"red, large",The  Red\n"ä ""quoted""",\n', encoding="utf-8")
    console = string_console()
    recommend_command(model, "u", [], 3, str(titles), False, console)
    assert console.result.getvalue() == (  # type: ignore[attr-defined]
        "   1     4.0000  red, large  The Red\n"
        '   2     3.0000  ä "quoted"\n'
        "   3     2.0000  line\u2028separator\n"
    )

    console = string_console()
    recommend_command(model, "u", [], 2, str(titles), True, console)
    rows = json.loads(console.result.getvalue())  # type: ignore[attr-defined]
    assert [row["title"] for row in rows] == ["The  Red", ""]


def test_without_titles_nothing_is_printed_of_them(folder: str) -> None:
    console = string_console()
    recommend_command(folder, "u", [], 1, None, True, console)
    (row,) = json.loads(console.result.getvalue())  # type: ignore[attr-defined]
    assert row == {"rank": 1, "item_id": "red, large", "score": 4.0}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("http://127.0.0.1:1/demo", "expected http://HOST:PORT/v1/models/NAME or grpc://"),
        ("grpc://127.0.0.1/demo", "expected http://HOST:PORT/v1/models/NAME or grpc://"),
        ("no/such/folder", "contains no SavedModel; give the directory of a run, a folder of"),
    ],
)
def test_other_targets_are_errors(target: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_model(target)


def test_an_error_of_the_server_is_bad_input(rest: str) -> None:
    with pytest.raises(InputError, match=r"NOT_FOUND: .*; check the name, version and label"):
        open_model(f"{rest}/versions/99").unknown_items(["a"])


def test_a_long_list_is_refused_alike(model: str) -> None:
    with pytest.raises(InputError, match="-k 5: this model's serving_default signature returns at"):
        open_model(model)("u", [], 5)


def test_the_newest_version_of_a_run_is_taken(tmp_path: Path) -> None:
    run = FinishedRun(tmp_path / "run")
    (run.root / "run.json").write_text(json.dumps(run.record))
    for version, item in ((7, "old"), (8, "new")):
        Model([item]).export(f"{run.serving}/{version}")
    assert [one.item_id for one in open_model(str(run.root))("u", [], 1)] == ["new"]
