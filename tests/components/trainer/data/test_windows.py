"""Transformed windows: targets, weights and order."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from components.trainer.data.candidates import TransformedCatalogue, candidate_table
from components.trainer.data.features import InputFeature, TowerFeatures
from components.trainer.data.id_vocabularies import IdVocabularies
from components.trainer.data.read_windows import WindowsReader
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows, with_targets
from schemas.errors import InputError
from schemas.source_settings import FeatureKind
from schemas.transformed import IS_NEGATIVE
from tests.components.trainer.datasets import windows_of, write_examples

NO_CATALOGUE = TransformedCatalogue(np.array([], dtype=object), np.array([], np.int64), {})
ITEMS = candidate_table([b"a", b"b", b"c"], NO_CATALOGUE, ())
FEATURES = TowerFeatures(
    user_id=InputFeature("user_id", FeatureKind.CATEGORY, 9),
    user=(),
    context=(),
    outcome=(InputFeature("event_type", FeatureKind.CATEGORY, 2),),
    item=(),
)
# The weight of type 0 is 1, of type 1 is 3, and of unknown types is 1.
USERS = [b"u0", b"u1", b"u2"]
IDS = IdVocabularies((), tuple(USERS))
WEIGHTS = np.array([1.0, 3.0, 1.0], np.float32)


def example(
    user_id: int, item_id: list[bytes], is_target: list[int]
) -> dict[str, npt.NDArray[Any]]:
    size = len(item_id)
    return {
        "user_id": np.array([USERS[user_id]], dtype=object),
        "item_id": np.array(item_id, dtype=object),
        "timestamp": np.arange(size),
        "event_type": np.arange(size) % 2,
        "is_target": np.array(is_target),
    }


def read(
    folder: Path, rows: list[dict[str, npt.NDArray[Any]]], exclude_repeats: bool
) -> TransformedWindows:
    path = folder / "windows.gz"
    write_examples(rows, path)
    return WindowsReader(FEATURES, ITEMS, IDS, WEIGHTS, exclude_repeats).read([str(path)])


@pytest.mark.parametrize(
    ("exclude_repeats", "weight", "left_out"),
    [(True, [0, 3, 0, 0, 1], 1), (False, [0, 3, 1, 0, 1], 0)],
)
def test_weights_depend_on_type_target_and_first_occurrence(
    tmp_path: Path, exclude_repeats: bool, weight: list[float], left_out: int
) -> None:
    rows = [
        # types 0, 1, 0, 1: the first a is no target, the third event repeats it, b is no target
        example(1, [b"a", b"c", b"a", b"b"], [0, 1, 1, 0]),
        # a is no repeat in another window
        example(2, [b"a"], [1]),
    ]

    windows = read(tmp_path, rows, exclude_repeats)

    assert windows.events[WEIGHT].tolist() == weight
    assert windows.events[ROW].tolist() == [0, 2, 0, 1, 0]
    assert windows.user["user_id"].tolist() == [1, 2]
    assert windows.num_targets == np.count_nonzero(weight)
    assert windows.repeat_targets == with_targets(windows).repeat_targets == left_out


@pytest.mark.parametrize(
    ("exclude_repeats", "weight"), [(False, [1, 0, 0, 0, 1, 1]), (True, [1, 0, 0, 0, 0, 0])]
)
def test_a_target_on_an_item_with_negative_feedback_is_left_out(
    tmp_path: Path, exclude_repeats: bool, weight: list[float]
) -> None:
    outcome = (*FEATURES.outcome, InputFeature(IS_NEGATIVE, FeatureKind.CATEGORY, 2))
    path = tmp_path / "windows.gz"
    row = example(1, [b"a", b"a", b"a", b"b", b"a", b"a"], [1, 0, 1, 0, 1, 1])
    # The third event follows a dislike of its item, and cancels it.
    write_examples([{**row, IS_NEGATIVE: np.array([0, 1, 0, 1, 2, 0])}], path)

    features = replace(FEATURES, outcome=outcome)
    reader = WindowsReader(features, ITEMS, IDS, np.ones(3, np.float32), exclude_repeats)
    windows = reader.read([str(path)])

    assert windows.events[WEIGHT].tolist() == weight
    assert windows.events[IS_NEGATIVE].tolist() == [0, 1, 0, 1, 2, 0]
    assert windows.repeat_targets == 4 - sum(weight)


def test_an_item_outside_the_catalogue_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"item 'x' of the windows is not in the catalogue"):
        read(tmp_path, [example(1, [b"x"], [1])], exclude_repeats=True)


def test_windows_without_a_target_are_left_out() -> None:
    windows = windows_of([2, 1, 2])
    windows.events[WEIGHT][:3] = [0, 0, 4]

    kept = with_targets(windows)

    assert kept.user["user_id"].tolist() == [1, 2]
    assert kept.events[ROW].tolist() == [2, 3, 4]
    assert kept.events[WEIGHT].tolist() == [4, 1, 1]


def test_max_targets_keeps_evenly_spread_targets_with_whole_histories() -> None:
    kept = with_targets(windows_of([4, 4, 4]), max_targets=3)

    # of targets 0 … 11: the first, the middle one and the last
    assert kept.events[ROW][kept.events[WEIGHT] > 0].tolist() == [0, 6, 11]
    assert kept.lengths.tolist() == [4, 4, 4]
