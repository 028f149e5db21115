"""The choice of the ranking for users without a history."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.data.batches import one_batch
from components.trainer.data.read import TrainData, read_data
from components.trainer.data.windows import ROW
from components.trainer.fit.cold_start import (
    QUERY_TOWER,
    choose_cold_start,
    reciprocal_ranks_of_one_ranking,
)
from components.trainer.fit.data_statistics import compute_statistics
from components.trainer.fit.recipe import choose_recipe
from components.trainer.fit.train import build_model
from components.trainer.model.query_inputs import query_inputs
from components.trainer.model.two_tower import TwoTowerModel
from schemas.model_settings import ModelSettings, TrainSettings
from tests.components.trainer.datasets import PLAIN, Row, data_settings, item, make_dataset, window

NUM_ITEMS = 12
SETTINGS = data_settings(PLAIN)
SIZES = ModelSettings(dim=8, hidden_dim=8, recent_popularity=True)


def first_events(prefix: str, numbers: list[int], start_s: int) -> list[Row]:
    return [
        window(SETTINGS, f"{prefix}{index}", [f"i{number}"], timestamp=[start_s + index])
        for index, number in enumerate(numbers)
    ]


def read_rows(train: list[Row], evaluation: list[Row], folder: Path) -> TrainData:
    items = [item(SETTINGS, f"i{number}") for number in range(NUM_ITEMS)]
    return read_data(make_dataset(SETTINGS, train, evaluation, items, folder).inputs, SETTINGS)


def untrained_model(train_data: TrainData, sizes: ModelSettings = SIZES) -> TwoTowerModel:
    statistics = compute_statistics(train_data, SETTINGS)
    return build_model(train_data, choose_recipe(statistics, sizes, TrainSettings()))


def trend_with(new_items: list[int], folder: Path) -> TrainData:
    """Items 0 to 5 were popular for most of split train, and 6 to 11 recently.

    Args:
      new_items: The item of the first event of each new user.
      folder: The folder of the files.
    """
    rng = np.random.default_rng(1)

    def histories(prefix: str, first_item: int, count: int, start_s: int) -> list[Row]:
        times = [start_s + np.arange(8) + 8 * index for index in range(count)]
        items = [[f"i{first_item + n}" for n in rng.permutation(6)] * 2 for _ in times]
        return [
            window(SETTINGS, f"{prefix}{index}", names[:8], timestamp=time_s.tolist())
            for index, (names, time_s) in enumerate(zip(items, times, strict=True))
        ]

    train = [*histories("u", 0, 400, 0), *histories("v", 6, 60, 5_000)]
    new = first_events("e", new_items, 9_000)
    returning = window(SETTINGS, "u0", ["i0", "i7"], is_target=[0, 1], timestamp=[0, 9_100])
    return read_rows(train, [*new, returning], folder)


@pytest.fixture(scope="module")
def trend(tmp_path_factory: pytest.TempPathFactory) -> TrainData:
    """New users begin with the items that were popular recently."""
    new_items = (6 + np.random.default_rng(2).integers(6, size=30)).tolist()
    return trend_with(new_items, tmp_path_factory.mktemp("trend"))


def test_new_users_get_the_recently_popular_items(trend: TrainData) -> None:
    model = untrained_model(trend)

    choice = choose_cold_start(model.towers, trend)

    assert choice is not None
    # an untrained model ranks by the popularity in all of split train
    assert choice.value.startswith("popularity in the last ")
    assert "30 new users" in choice.reason
    batch = one_batch(trend.new_users)
    vectors = model.towers.item_vectors(batch[ROW][:, 0])[:, tf.newaxis]
    positions = tf.stack([tf.range(30), tf.zeros(30, tf.int32)], axis=1)
    queries = model.towers.query_embeddings(
        positions, vectors, query_inputs(batch, model.towers.features)
    )
    scores = queries.numpy() @ model.towers.catalogue_embeddings().numpy().T
    assert set(trend.candidates.item_id[np.argsort(-scores[0])[:6]]) == {
        f"i{number}".encode() for number in range(6, 12)
    }


def test_the_queries_of_users_with_a_history_do_not_change(trend: TrainData) -> None:
    model = untrained_model(trend)
    batch = one_batch(trend.validation)
    position = tf.constant([[len(batch[ROW]) - 1, 1]])
    vectors = tf.reshape(
        model.towers.item_vectors(tf.reshape(batch[ROW], [-1])), [*batch[ROW].shape, 8]
    )
    inputs = query_inputs(batch, model.towers.features)
    before = model.towers.query_embeddings(position, vectors, inputs).numpy()

    choose_cold_start(model.towers, trend)

    np.testing.assert_array_equal(model.towers.query_embeddings(position, vectors, inputs), before)


def test_the_query_tower_is_kept_if_it_is_best(trend: TrainData) -> None:
    model = untrained_model(trend)
    # a positive weight for the last window, and a negative one for all of split train
    item_weights = model.towers.query_tower.item_weights
    assert item_weights is not None
    item_weights.bias.assign([-9.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0])

    choice = choose_cold_start(model.towers, trend)

    assert choice is not None
    assert choice.value == QUERY_TOWER


@pytest.mark.nightly
def test_the_query_tower_is_kept_if_another_ranking_is_better_by_chance(tmp_path: Path) -> None:
    # The popularity in the last quarter has the highest MRR because of the three users of item 6.
    train_data = trend_with([6, 6, 6, *range(6), *range(6), *range(6)], tmp_path)
    model = untrained_model(train_data)

    choice = choose_cold_start(model.towers, train_data)

    assert choice is not None
    assert choice.value == QUERY_TOWER
    assert "train 0.1571 (difference +0.0024, standard error 0.0013)" in choice.reason
    assert "above 2.24 standard errors" in choice.reason
    assert not model.towers.query_tower.uses_cold_start_weights.numpy()


def test_one_ranking_of_many_users_takes_no_memory_per_user() -> None:
    rng = np.random.default_rng(4)
    num_users, num_items = 400, 50_000
    scores = rng.integers(0, 1_000, num_items).astype(np.float32)  # with ties
    targets = rng.integers(0, num_items, num_users).astype(np.int32)

    tracemalloc.start()
    values = reciprocal_ranks_of_one_ranking(scores, targets)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    expected = [1.0 / np.count_nonzero(scores >= scores[target]) for target in targets]
    np.testing.assert_allclose(values, expected)
    assert peak_bytes < num_users * num_items / 10


def test_there_is_no_choice_for_few_new_users_or_without_popularity(
    trend: TrainData, tmp_path: Path
) -> None:
    few = read_rows(first_events("u", [0, 1], 0), first_events("e", [1], 100), tmp_path)
    few_model = untrained_model(few)
    without = ModelSettings(dim=8, recent_popularity=False)
    without_model = untrained_model(trend, without)

    assert choose_cold_start(few_model.towers, few) is None
    assert choose_cold_start(without_model.towers, trend) is None
