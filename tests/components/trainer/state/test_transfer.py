"""Moves weights between towers with different vocabularies."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from hypothesis import given
from hypothesis import strategies as st

from components.trainer.data.batches import one_batch
from components.trainer.data.id_vocabularies import IdVocabularies
from components.trainer.data.read import read_data
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from components.trainer.fit.train import build_model
from components.trainer.model.query_inputs import query_inputs
from components.trainer.model.towers import RetrievalTowers
from components.trainer.run import trained_state
from components.trainer.state.training_state import TrainingState, recipe_of
from components.trainer.state.transfer import moved_rows, transfer_constants, transfer_weights
from components.trainer.state.vocabularies import tower_vocabularies, vocabulary_tables
from schemas.errors import InputError
from tests.components.trainer.conftest import Exported

IDS = st.lists(st.binary(min_size=1, max_size=3), unique=True, max_size=8).map(tuple)


@pytest.fixture(scope="module")
def state(rich: Exported) -> TrainingState:
    return trained_state(rich.trained, rich.dataset.graphs)


def query_embeddings(towers: RetrievalTowers, windows: TransformedWindows) -> tf.Tensor:
    batch = one_batch(windows)
    vectors = tf.gather(towers.catalogue_item_vectors(), batch[ROW])
    inputs = query_inputs(batch, towers.features)
    return towers.query_embeddings(tf.where(batch[WEIGHT] > 0), vectors, inputs)


@given(IDS, IDS)
def test_rows_move_by_string_and_new_strings_get_the_last_row(
    source: tuple[bytes, ...], target: tuple[bytes, ...]
) -> None:
    table = np.random.default_rng(0).normal(size=(len(source) + 1, 2)).astype(np.float32)

    moved = moved_rows(table, source, target)

    assert moved.shape == (len(target) + 1, 2)
    np.testing.assert_array_equal(moved[-1], table[-1])
    for entry, row in zip(target, moved, strict=False):
        expected = table[source.index(entry)] if entry in source else table[-1]
        np.testing.assert_array_equal(row, expected)


def test_towers_with_more_ids_answer_as_before(rich: Exported, state: TrainingState) -> None:
    """The tables have rows by hash: a new id has a shared row, and all others keep their rows."""
    trained, graphs = rich.trained, rich.dataset.graphs
    data = read_data(rich.dataset.inputs, rich.dataset.settings)
    new = data.candidates.item_id[data.candidates.num_vocabulary]
    grown = IdVocabularies((*trained.vocabularies.items, new), trained.vocabularies.users)
    vocabularies = tower_vocabularies(
        data.features,
        grown,
        tft.TFTransformOutput(graphs.windows),
        tft.TFTransformOutput(graphs.catalogue),
        recipe_of(state).model,
    )
    candidates = replace(data.candidates, num_vocabulary=data.candidates.num_vocabulary + 1)
    data = replace(data, candidates=candidates, vocabularies=grown)
    model = build_model(data, recipe_of(state))

    moved = transfer_weights(state, model.towers, recipe_of(state).model, vocabularies)

    assert moved["items/item_id"].dropped == 0
    queries = query_embeddings(model.towers, trained.sample)
    np.testing.assert_allclose(queries, query_embeddings(trained.towers, trained.sample), atol=1e-6)
    embeddings = model.towers.catalogue_embeddings().numpy()
    before = trained.towers.catalogue_embeddings().numpy()
    is_old = data.candidates.item_id != new
    np.testing.assert_allclose(embeddings[is_old], before[is_old], atol=1e-6)


def test_every_table_with_rows_by_string_has_a_vocabulary_of_its_size(
    rich: Exported, state: TrainingState
) -> None:
    tables = list(vocabulary_tables(rich.trained.towers))

    names = {table.vocabulary for table in tables}
    assert {"items/item_id", "items/brand", "queries/place", "queries/event_type"} <= names
    for table in tables:
        assert table.variable.shape[0] == len(state.vocabularies[table.vocabulary]) + 1
    assert set(state.vocabularies) == names  # user ids are no input of these towers


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plan": {"dim": 99}}, r"model\.dim = 99, and this training has model\.dim = 8"),
        ({"plan": {"encoder": {"num_blocks": 7}}}, r"model\.encoder\.num_blocks = 7"),
        ({"features": {"user": [["age", "category"]]}}, r"user features age \(category\)"),
        ({"features": {"item": []}}, r"has the item features \(none\)"),
    ],
)
def test_towers_of_another_architecture_are_an_error(
    rich: Exported, state: TrainingState, change: dict[str, dict[str, Any]], message: str
) -> None:
    other = replace(
        state,
        plan=_merged(state.plan, change.get("plan", {})),
        features=_merged(state.features, change.get("features", {})),
    )
    with pytest.raises(InputError, match=message):
        transfer_weights(other, rich.trained.towers, recipe_of(state).model, {})


def _merged(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    nested = {
        key: _merged(values[key], value) if isinstance(value, dict) else value
        for key, value in changes.items()
    }
    return {**values, **nested}


def test_constants_are_moved_and_learned_weights_are_not(
    rich: Exported, state: TrainingState
) -> None:
    data = read_data(rich.dataset.inputs, rich.dataset.settings)
    model = build_model(data, recipe_of(state))
    before = [weight.numpy() for weight in model.towers.weights]
    marked = tuple(
        np.full_like(value, 5.0) if "cold_start" in weight.name else value
        for weight, value in zip(model.towers.weights, state.weights, strict=True)
    )

    transfer_constants(replace(state, weights=marked), model.towers)

    for weight, old in zip(model.towers.weights, before, strict=True):
        expected = np.full_like(old, 5.0) if "cold_start" in weight.name else old
        np.testing.assert_array_equal(weight.numpy(), expected)
    tf.keras.backend.clear_session()


def test_a_state_of_a_compiled_training_moves_into_towers_that_are_not_compiled(
    rich: Exported, state: TrainingState
) -> None:
    """XLA creates the variables of the query tower in another scope, with other names."""
    data = read_data(rich.dataset.inputs, rich.dataset.settings)
    recipe = recipe_of(state)
    many_epochs = replace(recipe.train, max_epochs=10**6)
    compiled = build_model(data, replace(recipe, train=many_epochs))
    assert [w.name for w in compiled.towers.weights] != [
        w.name for w in rich.trained.towers.weights
    ]

    transfer_weights(state, compiled.towers, recipe.model, state.vocabularies)

    for weight, expected in zip(compiled.towers.weights, state.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected)


def test_other_layers_are_an_error(rich: Exported, state: TrainingState) -> None:
    recipe = recipe_of(state)
    for weights in (state.weights[:-1], (*state.weights[:-1], np.zeros([3, 5, 7], np.float32))):
        with pytest.raises(InputError, match="other layers"):
            transfer_weights(
                replace(state, weights=weights),
                rich.trained.towers,
                recipe.model,
                state.vocabularies,
            )
