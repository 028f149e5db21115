"""`twotower recommend`: the history on the command line, and its unknown items."""

import io
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components.indexer.search.item_table import ItemTable
from components.pusher.manifest import Manifest, write_manifest
from pipeline.commands.history_option import read_history
from pipeline.commands.recommend import open_model, recommend_command
from pipeline.console import Console
from schemas.errors import InputError

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
        signatures = {"serving_default": self.recommend, "similar_items": self.similar}
        tf.saved_model.save(self, path, signatures=signatures)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("model"))
    Model().export(f"{path}/7")
    return path


class Handler(BaseHTTPRequestHandler):
    """Answers as TF Serving's HTTP API does, with the function of `Model`."""

    def do_POST(self) -> None:
        """Answers a request."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model = Model()
        inputs = {name: tf.constant(value) for name, value in request["inputs"].items()}
        function = {"serving_default": model.recommend, "similar_items": model.similar}
        outputs = function[request["signature_name"]](**inputs)
        plain: dict[str, Any] = {
            name: [[x.decode() if isinstance(x, bytes) else x for x in row] for row in rows]
            for name, rows in ((key, value.numpy().tolist()) for key, value in outputs.items())
        }
        body = json.dumps({"outputs": plain}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Writes nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/models/shop"
        server.shutdown()
        thread.join()


@pytest.fixture(params=["folder", "url"])
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


@pytest.mark.parametrize(
    ("history", "warning"),
    [
        (["red", "large", *ITEMS], "2 of the 6 different ids of the history "),
        (list(ITEMS), ""),
        ([], ""),
    ],
)
def test_the_command_names_unknown_items(model: str, history: list[str], warning: str) -> None:
    console = Console(progress=io.StringIO(), result=io.StringIO())
    recommend_command(model, "u", history, 3, True, console)
    text = console.progress.getvalue()  # type: ignore[attr-defined]
    assert warning in text
    assert bool(text) == bool(warning)
    assert (": 'red', 'large'; check their spelling" in text) == bool(warning)
    assert ("are not items of this model" in text) == bool(warning)
    rows = json.loads(console.result.getvalue())  # type: ignore[attr-defined]
    assert [row["item_id"] for row in rows] == list(ITEMS[:3])
