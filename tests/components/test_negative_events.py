"""The role of events and the items that it excludes equal a second implementation in Python."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.negative_events import negative_flags
from components.negative_events_graph import (
    NEGATIVE,
    NOT_NEGATIVE,
    UNKNOWN,
    last_negative_rows,
    negative_rows_before,
    negative_states,
    next_event_of_item,
)
from schemas.target_settings import NegativeSettings

NO_ROW = 99
TYPES = ("dislike", "rate", "view", "")
# 2.1 and 2.0999999 differ in float64 and are equal in float32.
VALUES = (1.0, 2.1, 2.0999999, 2.2, float("nan"), -np.inf)

roles = st.builds(
    NegativeSettings,
    event_types=st.none() | st.just(("dislike", "rate")),
    max_value=st.none() | st.just(2.1),
).filter(lambda role: role.event_types or role.max_value is not None)
events = st.lists(st.tuples(st.sampled_from(TYPES), st.sampled_from(VALUES)), max_size=8)
histories = st.integers(0, 6).flatmap(
    lambda length: st.lists(
        st.lists(st.tuples(st.integers(-1, 3), st.booleans()), min_size=length, max_size=length),
        min_size=1,
        max_size=4,
    )
)


def state(role: NegativeSettings, event_type: str, value: float) -> int:
    """The state of an event: every condition that is given must hold; one that fails decides."""
    conditions: list[bool | None] = []
    if role.event_types is not None:
        conditions.append(event_type in role.event_types if event_type else None)
    if role.max_value is not None:
        known = not np.isnan(value)
        conditions.append(bool(np.float32(value) <= np.float32(role.max_value)) if known else None)
    if False in conditions:
        return NOT_NEGATIVE
    return UNKNOWN if None in conditions else NEGATIVE


@given(roles, events)
@settings(deadline=None)
def test_ingestion_and_graphs_give_an_event_the_same_state(
    role: NegativeSettings, log: list[tuple[str, float]]
) -> None:
    types, values = [kind for kind, _ in log], np.array([value for _, value in log])
    expected = [state(role, *event) for event in log]
    states = negative_states(
        role, tf.constant(types, tf.string), tf.constant(values.astype(np.float32))
    )
    assert states.numpy().tolist() == expected
    texts = pa.array(types, pa.string())
    encoded = pa.array([kind.encode() for kind in types], pa.binary())
    for column in (texts, encoded, texts.dictionary_encode()):
        flags = negative_flags(role, column, values)
        assert flags.tolist() == [of == NEGATIVE for of in expected]


def last_states(history: list[tuple[int, bool]]) -> dict[int, tuple[int, bool]]:
    """The position and the flag of the last event of each item."""
    return {item: (n, flag) for n, (item, flag) in enumerate(history)}


@given(histories)
@settings(deadline=None)
def test_the_last_event_of_an_item_decides(rows: list[list[tuple[int, bool]]]) -> None:
    item, is_negative = columns(rows)
    actual = last_negative_rows(item, is_negative, NO_ROW).numpy()
    for row, history in enumerate(rows):
        expected = [NO_ROW] * len(history)
        for of, (position, flag) in last_states(history).items():
            expected[position] = of if flag else NO_ROW
        assert actual[row].tolist() == expected


@given(histories, st.data())
@settings(deadline=None)
def test_events_after_a_query_have_no_effect_on_it(
    rows: list[list[tuple[int, bool]]], data: Any
) -> None:
    item, is_negative = columns(rows)
    length = len(rows[0])
    queries = data.draw(
        st.lists(st.tuples(st.integers(0, len(rows) - 1), st.integers(0, length)), max_size=5)
    )
    positions = tf.constant(np.array(queries, np.int64).reshape(-1, 2))
    actual = negative_rows_before(positions, item, is_negative, NO_ROW).numpy()
    for n, (row, position) in enumerate(queries):
        expected = [NO_ROW] * length
        for of, (last, flag) in last_states(rows[row][:position]).items():
            expected[last] = of if flag else NO_ROW
        assert actual[n].tolist() == expected


def columns(rows: list[list[tuple[int, bool]]]) -> tuple[tf.Tensor, tf.Tensor]:
    pairs = np.array(rows, np.int32).reshape(len(rows), len(rows[0]), 2)
    return tf.constant(pairs[..., 0]), tf.constant(pairs[..., 1].astype(bool))


def test_next_events_are_found_in_a_graph_of_unknown_shape() -> None:
    traced = tf.function(
        next_event_of_item, input_signature=[tf.TensorSpec([None, None], tf.int32)]
    )
    assert traced(tf.constant([[5, 6, 5], [1, 1, 1]])).numpy().tolist() == [[2, 3, 3], [1, 2, 3]]
    assert traced(tf.zeros([2, 0], tf.int32)).shape == (2, 0)


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_limit_is_finite(value: str) -> None:
    from schemas.settings import from_dict

    with pytest.raises(ValueError, match="max_value"):
        from_dict(NegativeSettings, {"max_value": float(value)})
