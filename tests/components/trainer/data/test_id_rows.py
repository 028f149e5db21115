"""Rows of ids in tables of limited size."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.data.id_rows import IdRows
from components.trainer.state.transfer import moved_rows

IDS = tuple(f"item{number}".encode() for number in range(500))


def rows_of(rows: IdRows, num_ids: int = len(IDS)) -> list[int]:
    result: list[int] = rows(tf.range(num_ids)).numpy().tolist()
    return result


@pytest.mark.parametrize("max_rows", [500, 501])
def test_each_id_has_a_row_of_its_own_if_there_are_enough(max_rows: int) -> None:
    rows = IdRows(IDS, max_rows)

    assert rows.entries == IDS
    assert rows_of(rows) == list(range(len(IDS)))
    assert rows.counts().to_dict() == {
        "ids": 500,
        "rows": 500,
        "hashed_ids": 0,
        "collision_rate": 0.0,
    }


@pytest.mark.parametrize("max_rows", [1, 2, 40, 400, 499])
def test_the_most_frequent_ids_have_their_own_rows_and_the_others_share(max_rows: int) -> None:
    rows = IdRows(IDS, max_rows)

    of_ids = rows_of(rows)
    counts = rows.counts()

    num_own = max_rows * 3 // 4
    assert of_ids[:num_own] == list(range(num_own))
    assert all(num_own <= row < max_rows for row in of_ids[num_own:])
    assert rows.num_rows == len(set(rows.entries)) == counts.rows == max_rows
    assert counts.hashed_ids == len(IDS) - num_own
    ids_per_row = Counter(of_ids)
    colliding = [row for row in of_ids[num_own:] if ids_per_row[row] > 1]
    assert counts.collision_rate == pytest.approx(len(colliding) / counts.hashed_ids)


@pytest.mark.parametrize("max_rows", [100, 500])
def test_an_unknown_id_has_the_row_after_the_last(max_rows: int) -> None:
    rows = IdRows(IDS, max_rows)

    unknown = tf.constant([[500, 501], [10_000, 500]], tf.int64)

    assert (rows(unknown).numpy() == max_rows).all()


def test_the_shared_row_of_an_id_depends_on_the_id_alone() -> None:
    first, other = IdRows(IDS, 100), IdRows(IDS[:75] + IDS[:74:-1] + (b"new",), 100)

    names = dict(zip(IDS, np.array(first.entries)[rows_of(first)], strict=True))
    other_ids = IDS[:75] + IDS[:74:-1]
    other_names = np.array(other.entries)[rows_of(other, len(other_ids))]

    assert names == dict(zip(other_ids, other_names, strict=True))
    # Fixed, because a model that is trained on with another version must find its rows.
    assert names[b"item499"] == b"hash 2 of 25"


def test_a_warm_start_keeps_the_rows_of_own_and_of_shared_ids() -> None:
    # One of the most frequent ids is gone, and the first of the others takes its place.
    later_ids = (b"new", *IDS[1:])
    first, later = IdRows(IDS, 100), IdRows(later_ids, 100)
    table = np.arange(101, dtype=np.float32)[:, np.newaxis]

    moved = moved_rows(table, first.entries, later.entries)[:, 0]

    assert moved[later(0).numpy()] == first.num_rows  # a new id starts as an unknown one
    np.testing.assert_array_equal(moved[rows_of(later)][1:], table[rows_of(first), 0][1:])
