"""Dense batches of windows."""

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.data.batches import EpochBatches, num_batches, one_batch
from components.trainer.data.windows import ROW, WEIGHT
from tests.components.trainer.datasets import windows_of

LENGTHS = [3, 1, 5, 2, 2, 17, 30]


def expected_rows(lengths: list[int]) -> dict[int, list[int]]:
    ends = np.cumsum(lengths)
    return {
        user: list(range(end - length, end))
        for user, (length, end) in enumerate(zip(lengths, ends, strict=True))
    }


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("events_per_step", [1, 8, 10_000])
def test_batches_contain_every_event_once_and_then_padding(
    seed: int | None, events_per_step: int
) -> None:
    seen: dict[int, list[int]] = {}

    for batch in EpochBatches(windows_of(LENGTHS), events_per_step, seed).epoch():
        columns = (batch[name].numpy() for name in ("user_id", ROW, WEIGHT))
        for user, row, weight in zip(*columns, strict=True):
            length = np.count_nonzero(weight)
            assert row[length:].tolist() == [-7] * (len(row) - length)
            assert weight.tolist() == [1.0] * length + [0.0] * (len(row) - length)
            if length:  # otherwise a window of padding that fills up the batch
                assert user not in seen
                seen[user] = row[:length].tolist()

    assert seen == expected_rows(LENGTHS)


def test_batches_have_few_shapes_and_an_even_number_of_windows() -> None:
    rng = np.random.default_rng(2)
    lengths = rng.integers(1, 50, size=300).tolist()

    shapes = [batch[ROW].shape for batch in EpochBatches(windows_of(lengths), 200, 1).epoch()]

    assert len(set(shapes)) <= 6
    assert all(size % 2 == 0 and size * length <= 200 for size, length in shapes)


@pytest.mark.parametrize(
    ("lengths", "padded"),
    [
        ([44] * 50 + [50] * 50, {44, 50}),  # without 44, there are 6.4 % more events
        ([46] * 50 + [50] * 50, {50}),  # without 46, 4.2 %
        # The lengths 10, 14, 19, 26, 36 and 50 are proposed; without 36, there are 2.4 % more.
        ([10] * 50 + [36] * 5 + [50] * 45, {10, 50}),
        ([4, 4, 4], {4}),
        ([1], {1}),
    ],
)
def test_a_shape_must_save_padding(lengths: list[int], padded: set[int]) -> None:
    batches = EpochBatches(windows_of(lengths), 200, seed=1).epoch()

    assert {batch[ROW].shape[1] for batch in batches} == padded


def users(batches: tf.data.Dataset) -> list[list[int]]:
    return [batch["user_id"].numpy().tolist() for batch in batches]


def test_the_order_depends_on_the_seed_and_the_epoch_alone() -> None:
    def order(seed: int, epoch: int) -> list[list[int]]:
        return users(EpochBatches(windows_of([1] * 50), 50, seed).epoch(epoch))

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(2, 0)
    assert order(1, 0) != order(1, 1)
    batches = EpochBatches(windows_of([1] * 50), 50, seed=1)
    assert [users(batches.epoch(epoch)) for epoch in (2, 0, 1)] == [
        order(1, epoch) for epoch in (2, 0, 1)
    ]


@pytest.mark.parametrize("seed", [None, 1])
@pytest.mark.parametrize("first_step", range(5))
def test_an_epoch_is_continued_from_any_step(seed: int | None, first_step: int) -> None:
    batches = EpochBatches(windows_of([1] * 8), 2, seed)
    assert len(batches) == 4

    rest = batches.epoch(3, first_step)

    assert users(rest) == users(batches.epoch(3))[first_step:]
    assert rest.cardinality() == 4 - first_step


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize(("num_workers", "num_local"), [(1, 2), (2, 1), (3, 2)])
def test_the_replicas_share_each_batch(seed: int | None, num_workers: int, num_local: int) -> None:
    num_replicas = num_workers * num_local
    batches = EpochBatches(windows_of(LENGTHS * 5), 60, seed, num_replicas)

    parts = [
        list(batches.epoch(2, 1, range(worker * num_local, (worker + 1) * num_local)))
        for worker in range(num_workers)
    ]

    wholes = list(batches.epoch(2, 1))
    assert [len(of_worker) for of_worker in parts] == [len(wholes) * num_local] * num_workers
    for step, whole in enumerate(wholes):
        shares = [part for of_worker in parts for part in of_worker[step * num_local :][:num_local]]
        # Replicas wait for each other, so that their shares have one size; it is even.
        assert {part[ROW].shape for part in shares} == {shares[0][ROW].shape}
        assert shares[0][ROW].shape[0] % 2 == 0
        for name, values in whole.items():
            rows = [row for part in shares for row in part[name].numpy().tolist()]
            assert sorted(rows) == sorted(values.numpy().tolist())


def test_the_cardinality_is_the_number_of_batches() -> None:
    windows = windows_of([1] * 5)
    batches = EpochBatches(windows, 2, seed=1)

    assert batches.epoch().cardinality() == len(batches) == num_batches(windows, 2) == 3


def test_one_batch_contains_all_windows_in_order() -> None:
    batch = one_batch(windows_of([2, 0, 3]))

    assert batch[ROW].numpy().tolist() == [[0, 1, -7], [-7, -7, -7], [2, 3, 4]]
    assert batch["user_id"].numpy().tolist() == [0, 1, 2]
