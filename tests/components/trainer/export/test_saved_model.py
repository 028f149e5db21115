"""The exported signatures compute the values of training, for any batch and any loader."""

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from components.indexer.model.towers import Towers
from components.trainer.data.batches import one_batch
from components.trainer.data.read_windows import WindowsReader
from components.trainer.data.windows import ROW
from components.trainer.model.query_inputs import query_inputs
from components.trainer.time.popularity import NUM_FEATURES
from schemas import serving, serving_specs
from schemas.events import SECONDS_PER_DAY
from schemas.features import feature_table
from tests.components.trainer.conftest import NUM_ITEMS, Exported
from tests.components.trainer.datasets import Row

Request = dict[str, npt.NDArray[Any]]
TOLERANCE = 1e-5
WIDTH = 9


@pytest.fixture(scope="module")
def loaded(rich: Exported) -> Any:
    return tf.saved_model.load(str(rich.path))


def embedding(loaded: Any, signature: str, inputs: Request) -> npt.NDArray[np.float32]:
    """Calls a signature with NumPy inputs and returns its embeddings."""
    function = loaded.signatures[signature]
    specs = function.structured_input_signature[1]
    assert set(inputs) == set(specs)
    tensors = {name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()}
    return function(**tensors)["embedding"].numpy()


def query(loaded: Any, request: Request) -> npt.NDArray[np.float32]:
    return embedding(loaded, serving.QUERY_EMBEDDING, request)


def request_of(row: Row, t: int) -> Request:
    """Returns the request at event t of a raw window: earlier events, and time and context of t."""

    def history(name: str, missing: Any) -> npt.NDArray[np.object_]:
        values = row[name][:t]
        return np.array([values + [missing] * (WIDTH - t)], dtype=object)

    return {
        "user_id": np.array(row["user_id"]),
        "age": np.array(row["age"]),
        "place": np.array(row["place"]),
        "request_timestamp": np.array([row["timestamp"][t]]),
        "device": np.array([row["device"][t]]),
        "battery": np.array([row["battery"][t]]),
        "history_item_id": history("item_id", b""),
        "history_timestamp": history("timestamp", -1),
        "history_event_type": history("event_type", b""),
        "history_value": history("value", math.nan),
        "history_device": history("device", b""),
        "history_battery": history("battery", math.nan),
    }


def stacked(requests: list[Request]) -> Request:
    return {name: np.concatenate([r[name] for r in requests]) for name in requests[0]}


def test_the_signatures_have_the_specs_of_the_schema(rich: Exported, loaded: Any) -> None:
    table = feature_table(rich.dataset.settings)
    expected = {
        serving.QUERY_EMBEDDING: serving_specs.query_specs(table),
        serving.CANDIDATE_EMBEDDING: serving_specs.candidate_specs(table),
        serving.CANDIDATE_EMBEDDING_AS_OF: serving_specs.candidate_as_of_specs(table),
        serving.ITEM_QUERY: serving_specs.item_query_specs(8 + NUM_FEATURES),
    }
    assert set(loaded.signatures) == set(expected)
    for name, specs in expected.items():
        assert loaded.signatures[name].structured_input_signature[1] == specs
        output = loaded.signatures[name].structured_outputs["embedding"]
        assert output.shape.as_list() == [None, 8 + NUM_FEATURES]


def test_the_embedding_of_a_request_equals_the_query_of_training(
    rich: Exported, loaded: Any
) -> None:
    towers, dataset = rich.trained.towers, rich.dataset
    windows = WindowsReader(
        towers.features,
        rich.trained.candidates,
        rich.trained.vocabularies,
        np.ones(9, np.float32),
        excludes_history=False,
    ).read(list(dataset.inputs.train_files))
    batch = one_batch(windows)
    inputs = query_inputs(batch, towers.features)
    rows = batch[ROW]
    vectors = tf.reshape(towers.item_vectors(tf.reshape(rows, [-1])), [*rows.shape, -1])

    for t in range(WIDTH):
        positions = tf.constant([[w, t] for w in range(len(windows))], tf.int64)
        trained = towers.query_embeddings(positions, vectors, inputs)
        served = query(loaded, stacked([request_of(row, t) for row in dataset.train]))
        np.testing.assert_allclose(served, trained, atol=TOLERANCE)


def test_the_embeddings_of_items_equal_the_candidates_of_training(
    rich: Exported, loaded: Any
) -> None:
    candidates = rich.trained.candidates

    served = embedding(loaded, serving.CANDIDATE_EMBEDDING, catalogue_of(rich))

    assert candidates.num_vocabulary < len(candidates) == NUM_ITEMS
    np.testing.assert_allclose(served, rich.trained.towers.catalogue_embeddings(), atol=TOLERANCE)


def catalogue_of(rich: Exported) -> Request:
    """Returns the raw items in the order of the candidate table."""
    raw = {row["item_id"][0]: row for row in rich.dataset.items}
    rows = [raw[item_id] for item_id in rich.trained.candidates.item_id]
    width = max(len(row["genres"]) for row in rows)
    return {
        name: np.array([row[name][0] for row in rows], dtype=object)
        for name in ("item_id", "title", "summary", "price", "brand", "released")
    } | {
        "genres": np.array(
            [[b""] * (width - len(row["genres"])) + row["genres"] for row in rows],
            dtype=object,
        )
    }


def test_ages_are_as_of_the_given_instant(rich: Exported, loaded: Any) -> None:
    popularity = rich.trained.towers.popularity
    assert popularity is not None
    items = catalogue_of(rich)
    trained = embedding(loaded, serving.CANDIDATE_EMBEDDING, items)
    items["item_id"][0] = b"brand new"
    towers = Towers(str(rich.path))
    specs = serving_specs.candidate_as_of_specs(feature_table(rich.dataset.settings))
    newest_s = popularity.as_of_s + 10 * SECONDS_PER_DAY
    available_at = np.array([newest_s, *[-1] * (NUM_ITEMS - 1)])
    items["available_at"] = available_at

    own, own_s = towers.embed_as_of(specs, items, -1)
    later, later_s = towers.embed_as_of(specs, items, newest_s)

    assert (own_s, later_s) == (popularity.as_of_s, newest_s)
    np.testing.assert_allclose(own[1:], trained[1:], atol=TOLERANCE)
    age, is_known = len(trained[0]) - 3, len(trained[0]) - 2
    others = np.delete(np.arange(trained.shape[1]), [age, is_known])
    np.testing.assert_array_equal(later[:, others], own[:, others])
    assert (own[0, is_known], later[0, is_known]) == (0.0, 1.0)
    assert (later[1:, age] >= own[1:, age]).all()
    assert (later[1:, age] > own[1:, age]).any()


def test_an_embedding_does_not_depend_on_the_rest_of_the_batch(rich: Exported, loaded: Any) -> None:
    requests = [request_of(row, t) for t, row in enumerate(rich.dataset.train[:WIDTH])]

    together = query(loaded, stacked(requests))

    alone = np.concatenate([query(loaded, request) for request in requests])
    np.testing.assert_allclose(together, alone, atol=TOLERANCE)


def test_padding_of_the_history_is_ignored(rich: Exported, loaded: Any) -> None:
    packed = request_of(rich.dataset.train[0], 4)
    spread = {name: value.copy() for name, value in packed.items()}
    for name in packed:
        if name.startswith("history_"):
            spread[name][0, [1, 3, 4, 8]] = packed[name][0, :4]
            spread[name][0, [0, 2, 5, 6, 7]] = packed[name][0, 4]
    # the timestamp of a padded item is ignored too
    spread["history_timestamp"][0, 0] = 77

    np.testing.assert_allclose(query(loaded, spread), query(loaded, packed), atol=TOLERANCE)


def test_only_the_latest_events_are_used(rich: Exported, loaded: Any) -> None:
    max_length = rich.dataset.settings.history.max_length
    short = request_of(rich.dataset.train[0], max_length)
    long = dict(short)
    for name, value in short.items():
        if name.startswith("history_"):
            events = value[:, :max_length]
            long[name] = np.concatenate([events[:, ::-1], events], axis=1)

    np.testing.assert_allclose(query(loaded, long), query(loaded, short), atol=TOLERANCE)


def test_missing_user_features_are_filled_in_from_the_table(rich: Exported, loaded: Any) -> None:
    known = request_of(rich.dataset.train[0], 3)
    without = {**known, "age": np.array([math.nan]), "place": np.array([b""])}
    stranger = {**without, "user_id": np.array([b"nobody"])}

    np.testing.assert_allclose(query(loaded, without), query(loaded, known), atol=TOLERANCE)
    assert np.abs(query(loaded, stranger) - query(loaded, known)).max() > 1e-3


def test_the_embedding_of_an_empty_request_is_finite(rich: Exported, loaded: Any) -> None:
    specs = serving_specs.query_specs(feature_table(rich.dataset.settings))
    for width in (0, 3):
        empty = {
            name: np.full(
                [1, width][: len(spec.shape)], serving_specs.missing_value(spec), dtype=object
            )
            for name, spec in specs.items()
        }
        assert np.isfinite(query(loaded, empty)).all()


def test_an_unknown_item_in_the_history_is_an_event_of_its_own(rich: Exported, loaded: Any) -> None:
    known = request_of(rich.dataset.train[0], 3)
    unknown, absent = (
        {**known, "history_item_id": known["history_item_id"].copy()} for _ in range(2)
    )
    unknown["history_item_id"][0, 2] = b"unknown"
    absent["history_item_id"][0, 2] = b""

    embeddings = [query(loaded, request) for request in (known, unknown, absent)]

    assert np.isfinite(embeddings).all()
    for one, other in ((0, 1), (1, 2)):
        assert np.abs(embeddings[one] - embeddings[other]).max() > 1e-4


def test_the_embedding_of_a_new_item_depends_on_its_features(loaded: Any) -> None:
    def candidate(title: bytes, summary: str = "", released: int = -1) -> npt.NDArray[np.float32]:
        return embedding(
            loaded,
            serving.CANDIDATE_EMBEDDING,
            {
                "item_id": np.array([b"brand new"]),
                "title": np.array([title]),
                "summary": np.array([summary.encode()]),
                "genres": np.zeros([1, 0], dtype=object),
                "price": np.array([math.nan]),
                "brand": np.array([b""]),
                "released": np.array([released]),
            },
        )

    assert np.abs(candidate(b"The book") - candidate(b"")).max() > 1e-4
    assert np.abs(candidate(b"", released=0) - candidate(b"")).max() > 1e-4
    assert np.abs(candidate(b"", "海的故事") - candidate(b"")).max() > 1e-4
    np.testing.assert_array_equal(candidate(b"unheard"), candidate(b"unread"))
    as_html = "<!-- 红 --><p class='红>'>海的&#25925;事</p>"
    np.testing.assert_array_equal(candidate(b"", as_html), candidate(b"", "海的故事"))


def test_the_folder_may_be_moved_and_loaded_by_the_v1_loader(
    rich: Exported, loaded: Any, tmp_path: Path
) -> None:
    request = request_of(rich.dataset.train[1], 5)
    expected = query(loaded, request)
    moved = shutil.copytree(rich.path, tmp_path / "elsewhere")

    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(moved))
        signature = graph.signature_def[serving.QUERY_EMBEDDING]
        feeds = {signature.inputs[name].name: value for name, value in request.items()}
        embeddings = session.run(signature.outputs["embedding"].name, feeds)

    np.testing.assert_allclose(embeddings, expected, atol=TOLERANCE)


def test_the_model_can_be_exported_again_within_another_module(
    rich: Exported, loaded: Any, tmp_path: Path
) -> None:
    outer = tf.Module()
    outer.towers = loaded
    inner = loaded.signatures[serving.QUERY_EMBEDDING]
    specs = serving_specs.query_specs(feature_table(rich.dataset.settings))

    @tf.function
    def doubled(**request: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": 2.0 * inner(**request)["embedding"]}

    signatures = {serving.QUERY_EMBEDDING: doubled.get_concrete_function(**specs)}
    tf.saved_model.save(outer, str(tmp_path / "outer"), signatures)
    again = tf.saved_model.load(str(tmp_path / "outer"))

    request = request_of(rich.dataset.train[2], 2)
    np.testing.assert_allclose(query(again, request), 2 * query(loaded, request), atol=TOLERANCE)
