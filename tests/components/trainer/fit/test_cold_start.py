"""What users without a past are shown."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.data.batches import one_batch
from components.trainer.data.read import TrainData, read_data
from components.trainer.fit.cold_start import LEARNT, settle_cold_start
from components.trainer.fit.facts import facts_of
from components.trainer.fit.recipe import choose
from components.trainer.fit.train import build_towers
from components.trainer.model.query_inputs import query_inputs
from schemas.model_settings import ModelSettings, TrainSettings
from tests.components.trainer.worlds import PLAIN, Row, data_settings, item, make_world, window

NUM_ITEMS = 12
SETTINGS = data_settings(PLAIN)
SIZES = ModelSettings(dim=8, hidden_dim=8, recent_popularity=True)


def first_events(prefix: str, numbers: list[int], start_s: int) -> list[Row]:
    return [
        window(SETTINGS, f"{prefix}{place}", [f"i{number}"], timestamp=[start_s + place])
        for place, number in enumerate(numbers)
    ]


def world_read(train: list[Row], evaluation: list[Row], folder: Path) -> TrainData:
    items = [item(SETTINGS, f"i{number}") for number in range(NUM_ITEMS)]
    return read_data(make_world(SETTINGS, train, evaluation, items, folder).inputs, SETTINGS)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> TrainData:
    """Items 0 to 5 were popular for long, 6 to 11 of late; new users come for the latter."""
    rng = np.random.default_rng(1)

    def histories(prefix: str, first_item: int, count: int, start_s: int) -> list[Row]:
        times = [start_s + np.arange(8) + 8 * place for place in range(count)]
        items = [[f"i{first_item + n}" for n in rng.permutation(6)] * 2 for _ in times]
        return [
            window(SETTINGS, f"{prefix}{place}", names[:8], timestamp=time_s.tolist())
            for place, (names, time_s) in enumerate(zip(items, times, strict=True))
        ]

    train = [*histories("u", 0, 400, 0), *histories("v", 6, 60, 5_000)]
    new = first_events("e", (6 + rng.integers(6, size=30)).tolist(), 9_000)
    returning = window(SETTINGS, "u0", ["i0", "i7"], is_target=[0, 1], timestamp=[0, 9_100])
    return world_read(train, [*new, returning], tmp_path_factory.mktemp("moved"))


def test_new_users_get_what_was_popular_of_late(moved: TrainData) -> None:
    model = build_towers(moved, choose(facts_of(moved, SETTINGS), SIZES, TrainSettings()))

    choice = settle_cold_start(model, moved)

    assert choice is not None
    # an untrained model answers by the popularity of all of split train
    assert choice.value.startswith("popularity in the last ")
    assert "30 new users" in choice.reason
    batch = one_batch(moved.newcomers)
    vectors = model.item_vectors(batch["row"][:, 0])[:, tf.newaxis]
    positions = tf.stack([tf.range(30), tf.zeros(30, tf.int32)], axis=1)
    queries = model.queries_of(positions, vectors, query_inputs(batch, model.features))
    scores = queries.numpy() @ model.candidate_embeddings().numpy().T
    assert set(moved.candidates.item_id[np.argsort(-scores[0])[:6]]) == {
        f"i{number}".encode() for number in range(6, 12)
    }


def test_users_with_a_past_are_answered_as_before(moved: TrainData) -> None:
    model = build_towers(moved, choose(facts_of(moved, SETTINGS), SIZES, TrainSettings()))
    batch = one_batch(moved.validation)
    asked = tf.constant([[len(batch["row"]) - 1, 1]])
    vectors = tf.reshape(
        model.item_vectors(tf.reshape(batch["row"], [-1])), [*batch["row"].shape, 8]
    )
    inputs = query_inputs(batch, model.features)
    before = model.queries_of(asked, vectors, inputs).numpy()

    settle_cold_start(model, moved)

    np.testing.assert_array_equal(model.queries_of(asked, vectors, inputs), before)


def test_what_the_model_learnt_stays_where_it_is_best(moved: TrainData) -> None:
    model = build_towers(moved, choose(facts_of(moved, SETTINGS), SIZES, TrainSettings()))
    # what was met in the last window counts, what was met before counts against
    model.query_tower.item_weights.bias.assign([-9.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0])

    choice = settle_cold_start(model, moved)

    assert choice is not None
    assert choice.value == LEARNT


def test_few_new_users_and_items_without_popularity_leave_no_choice(
    moved: TrainData, tmp_path: Path
) -> None:
    few = world_read(first_events("u", [0, 1], 0), first_events("e", [1], 100), tmp_path)
    of_few = build_towers(few, choose(facts_of(few, SETTINGS), SIZES, TrainSettings()))
    still = ModelSettings(dim=8, recent_popularity=False)
    of_still = build_towers(moved, choose(facts_of(moved, SETTINGS), still, TrainSettings()))

    assert settle_cold_start(of_few, few) is None
    assert settle_cold_start(of_still, moved) is None
