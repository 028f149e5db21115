"""The file of a training's state."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.trainer.run import trained_state
from components.trainer.state.training_state import (
    TrainingState,
    read_state,
    recipe_of,
    state_path,
    write_state,
)
from schemas.errors import InputError
from tests.components.trainer.conftest import Exported


@pytest.fixture(scope="module")
def state(rich: Exported) -> TrainingState:
    return trained_state(rich.trained, rich.dataset.graphs)


def test_a_state_is_read_as_it_was_written(state: TrainingState, tmp_path: Path) -> None:
    write_state(str(tmp_path), state)
    read = read_state(str(tmp_path))

    assert replace(read, weights=()) == replace(state, weights=())
    assert len(read.weights) == len(state.weights)
    for weight, written in zip(read.weights, state.weights, strict=True):
        np.testing.assert_array_equal(weight, written)


def test_the_plan_of_the_training_is_that_of_its_recipe(
    rich: Exported, state: TrainingState
) -> None:
    recipe = recipe_of(state)

    assert recipe.model == rich.trained.recipe.model
    assert recipe.train == rich.trained.recipe.train


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=6), max_size=5).map(tuple))
def test_entries_may_be_any_bytes(
    state: TrainingState, tmp_path: Path, entries: tuple[bytes, ...]
) -> None:
    write_state(str(tmp_path), replace(state, vocabularies={"items/item_id": entries}))

    assert read_state(str(tmp_path)).vocabularies == {"items/item_id": entries}


def test_a_missing_state_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file; these towers were trained before"):
        read_state(str(tmp_path))


def test_a_damaged_state_is_an_error(state: TrainingState, tmp_path: Path) -> None:
    write_state(str(tmp_path), state)
    path = Path(state_path(str(tmp_path)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(InputError, match=r"is not a valid training state"):
        read_state(str(tmp_path))
