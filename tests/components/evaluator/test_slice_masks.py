"""The assignment of queries to slices."""

from dataclasses import replace

import numpy as np
import pytest

from components.evaluator import slice_masks
from components.evaluator.protocol import successive_protocol
from components.evaluator.queries import Queries
from components.examples.read import RawCatalogue, RawWindows
from schemas.events import SECONDS_PER_DAY
from tests.components.evaluator.logs import event_columns

DAY = SECONDS_PER_DAY


def labels_of(masks: slice_masks.SliceMasks) -> list[list[str]]:
    """Returns the slices of each query."""
    num_queries = len(next(iter(masks.values())))
    return [[label for label, mask in masks.items() if mask[query]] for query in range(num_queries)]


@pytest.fixture
def queries() -> Queries:
    train = event_columns([(0, [(0, 1, 1), (1, 2, 1), (2, 3, 0)])])
    test = event_columns(
        [(0, [(3, 5 * DAY, 1), (4, 6 * DAY, 1)]), (1, [(0, 5 * DAY + 1, 1), (1, 12 * DAY, 1)])]
    )
    return successive_protocol({"train": train, "test": test}, True, 100, seed=1).queries


@pytest.fixture
def windows() -> RawWindows:
    return RawWindows(
        user_id=np.array([b"u0", b"u1"], object),
        user={"country": np.array([b"", b"fr"], object)},
        offsets=np.array([0, 2, 4]),
        item_id=np.array([b"i"] * 4, object),
        timestamp=np.array([5 * DAY, 6 * DAY, 5 * DAY + 1, 12 * DAY]),
        event_type=np.array([b"view", b"buy", b"view", b"view"], object),
        value=np.zeros(4, np.float32),
        is_target=np.ones(4, bool),
        context={"device": np.array([b"tv", b"tv", b"phone", b"tv"], object)},
    )


def standard(queries: Queries, windows: RawWindows) -> dict[str, slice_masks.SliceMasks]:
    train = event_columns([(0, [(0, 1, 1), (1, 2, 1), (2, 3, 0)])])
    held_out = event_columns(
        [(0, [(3, 5 * DAY, 1), (4, 6 * DAY, 1)]), (1, [(0, 5 * DAY + 1, 1), (1, 12 * DAY, 1)])]
    )
    return slice_masks.standard_slice_masks(
        queries,
        {"train": train, "test": held_out},
        windows,
        np.array([1, 1, 0, 0, 0]),
        has_split_time=True,
    )


def test_standard_slices(queries: Queries, windows: RawWindows) -> None:
    result = {
        dimension: labels_of(parts) for dimension, parts in standard(queries, windows).items()
    }

    assert result == {
        "user_activity": [["1-9"], ["1-9"], ["0"], ["0"]],
        "past_events": [["3-9"], ["3-9"], ["0"], ["1"]],
        "item_popularity": [["never_trained"], ["never_trained"], ["head"], ["middle"]],
        "days_since_split": [["0-1"], ["1-7"], ["0-1"], ["7-30"]],
        "model_age": [["5.0-5.0 days"], ["6.0-6.0 days"], ["5.0-5.0 days"], ["12.0-12.0 days"]],
        "event_type": [["view"], ["buy"], ["view"], ["view"]],
    }


def test_a_log_without_event_types_has_no_event_type_slices(
    queries: Queries, windows: RawWindows
) -> None:
    windows.event_type[:] = b""

    assert "event_type" not in standard(queries, windows)


def test_slices_by_categories_of_user_context_and_item(
    queries: Queries, windows: RawWindows
) -> None:
    genres = np.array([[b"a", b""], [b"", b""], [b"", b""], [b"a", b"b"], [b"b", b""]], object)
    catalogue = RawCatalogue(
        np.array([b"%d" % n for n in range(5)], object), np.zeros(5, np.int64), {"genres": genres}
    )

    result = slice_masks.category_slice_masks(
        ("users.country", "context.device", "items.genres"), queries, windows, catalogue
    )

    assert {dimension: labels_of(parts) for dimension, parts in result.items()} == {
        "users.country": [["(missing)"], ["(missing)"], ["fr"], ["fr"]],
        "context.device": [["tv"], ["tv"], ["phone"], ["tv"]],
        "items.genres": [["a", "b"], ["b"], ["a"], ["(missing)"]],
    }


def test_categories_named_like_the_special_slices_are_merged_with_them() -> None:
    parts = slice_masks.masks_by_value(np.array([b"(missing)", b"", b"(others)", b"a"], object))

    assert {label: mask.tolist() for label, mask in parts.items()} == {
        "(missing)": [True, True, False, False],
        "(others)": [False, False, True, False],
        "a": [False, False, False, True],
    }


def test_rare_values_share_one_slice() -> None:
    values = np.array([b"%02d" % min(n, 30) for n in range(40)], object)

    parts = slice_masks.masks_by_value(values)

    assert len(parts) == slice_masks.MAX_VALUES + 1
    assert parts["30"].sum() == 10
    assert parts["(others)"].sum() == 40 - 10 - (slice_masks.MAX_VALUES - 1)
    assert sum(mask.sum() for mask in parts.values()) == 40


def test_queries_are_in_four_parts_of_equal_size_by_the_age_of_the_model(
    queries: Queries, windows: RawWindows
) -> None:
    times = np.random.default_rng(1).permutation(np.arange(1, 101)) * DAY
    many = replace(
        queries,
        position=np.arange(100),
        user=np.zeros(100, np.int64),
        item=np.zeros(100, np.int64),
        num_past_events=np.zeros(100, np.int64),
    )
    events = event_columns([(0, [(0, int(time), 1) for time in times])])
    train = event_columns([(0, [(0, DAY // 2, 1)])])
    typed = replace(windows, event_type=np.full(100, b"view", object))

    masks = slice_masks.standard_slice_masks(
        many, {"train": train, "test": events}, typed, np.ones(1, np.int64), has_split_time=True
    )["model_age"]

    assert list(masks) == [
        "0.5-24.5 days", "25.5-49.5 days", "50.5-74.5 days", "75.5-99.5 days",
    ]  # fmt: skip
    assert [int(mask.sum()) for mask in masks.values()] == [25] * 4
    np.testing.assert_array_equal(masks["25.5-49.5 days"], (times > 25 * DAY) & (times < 51 * DAY))
