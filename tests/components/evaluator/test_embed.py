"""SignatureEncoder sends what the signatures of a SavedModel accept, and checks their inputs."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.evaluator.embed import SignatureEncoder
from components.examples.read import read_raw_catalogue, read_raw_windows
from schemas.errors import InputError
from schemas.features import feature_table
from tests.components.evaluator.logs import SETTINGS as SETTINGS_OF_LOG
from tests.components.evaluator.logs import TABLE, data_settings, save_successor_model
from tests.components.evaluator.sequence_log import ITEMS, NUM_ITEMS, run


def test_a_saved_model_without_the_signatures_raises_an_error(
    log: dict[str, str], tmp_path: Path
) -> None:
    tf.saved_model.save(tf.Module(), str(tmp_path / "bare"))

    with pytest.raises(InputError, match=r"no signature 'query_embedding'.*none"):
        run({**log, "bare": str(tmp_path / "bare")}, "bare")


def test_batched_embeddings_are_returned_in_the_order_of_the_queries(
    log: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.evaluator.embed.QUERY_BATCH", 5)
    encoder = SignatureEncoder(log["successor"], TABLE)
    windows = read_raw_windows(log["windows"], "train", TABLE)
    positions = np.arange(len(windows.item_id))

    embedded = encoder.queries(windows, positions, max_history=2)

    items = windows.item_id.tolist()
    expected = [
        0 if position % 4 == 0 else ITEMS.index(items[position - 1].decode()) + 1
        for position in positions
    ]
    assert embedded.argmax(axis=1).tolist() == expected


def test_inputs_that_the_settings_do_not_define_are_sent_as_missing_values(
    log: dict[str, str],
) -> None:
    fewer = feature_table(data_settings(users=None, items=None))
    encoder = SignatureEncoder(log["successor"], fewer)

    candidates = encoder.candidates(read_raw_catalogue(log["catalogue"], fewer))
    queries = encoder.queries(read_raw_windows(log["windows"], "test", fewer), np.array([1]), 3)

    assert encoder.inputs_sent_as_missing == ("country", "genres", "price")
    assert candidates.argmax(axis=1).tolist() == list(range(NUM_ITEMS))
    assert queries.argmax(axis=1).tolist() == [2]


def test_a_feature_that_changed_its_kind_raises_an_error_with_its_name(log: dict[str, str]) -> None:
    context = {"device": {"kind": "number"}}
    changed = {**SETTINGS_OF_LOG["interactions"], "context": context}

    with pytest.raises(
        InputError, match="input device of dtype string, but the settings define it as float"
    ):
        SignatureEncoder(log["successor"], feature_table(data_settings(interactions=changed)))


@pytest.mark.parametrize("served_kind", ["category", "categories"])
def test_a_feature_with_another_number_of_dimensions_raises_an_error(
    log: dict[str, str], tmp_path: Path, served_kind: str
) -> None:
    """TensorFlow would run the signature with the wrong shape."""
    kinds = {"category", "categories"}
    items = {
        kind: {**SETTINGS_OF_LOG["items"], "features": {"genres": {"kind": kind}}} for kind in kinds
    }
    tables = {kind: feature_table(data_settings(items=items[kind])) for kind in kinds}
    path = save_successor_model(str(tmp_path / "served"), ITEMS, tables[served_kind])
    (new_kind,) = kinds - {served_kind}

    with pytest.raises(InputError, match=r"input genres of dtype string.*give the feature a new"):
        SignatureEncoder(path, tables[new_kind])
