"""Tests that examples encoded in batches agree with tf.train.Example."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from components.example_gen.event_examples import EventExamples, user_examples
from components.example_gen.windows import WindowRanges
from components.examples import encode
from components.examples.encode_batch import int_elements, text_elements
from components.examples.tfrecord import frame
from schemas.features import Feature, FeatureTable
from schemas.source_settings import FeatureKind
from tests.components.example_gen.tables import SECOND, sorted_events

TABLE = FeatureTable(
    user=(Feature("city", FeatureKind.CATEGORY, "c"), Feature("age", FeatureKind.NUMBER, "a")),
    context=(Feature("dev", FeatureKind.CATEGORY, "d"), Feature("price", FeatureKind.NUMBER, "p")),
)
USERS = pa.table(
    {"user_id": ["u", "vé"], "feature.city": ["Ulm", ""], "feature.age": [7.5, float("nan")]}
)


def plain(record: bytes) -> dict[str, list[Any]]:
    """Returns the values of a serialised example; NaN as None."""
    values = {}
    for name, feature in tf.train.Example.FromString(record).features.feature.items():
        kind = feature.WhichOneof("kind")
        elements = list(getattr(feature, kind).value) if kind else []
        values[name] = [None if value != value else value for value in elements]
    return values


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    text = st.text(max_size=200)
    number = st.floats(width=32)
    event = st.fixed_dictionaries(
        {
            "user_id": st.sampled_from(["u", "vé"]),
            "item_id": text,
            "time_us": st.integers(0, 2**50),
            "event_type": text,
            "value": number,
            "context.dev": text,
            "context.price": number,
        }
    )
    both = [{"user_id": user, "context.dev": "", "context.price": 0.0} for user in ("u", "vé")]
    return both + draw(st.lists(event, max_size=8))


def number(value: float) -> list[float | None]:
    as_float32 = float(np.float32(value))
    return [None if np.isnan(as_float32) else as_float32]


@given(rows())
def test_single_events_have_every_feature(events: list[dict[str, Any]]) -> None:
    table = sorted_events(events, TABLE.context)
    examples = EventExamples(table, np.ones(len(table), bool), USERS, TABLE)
    decoded = [
        plain(r)
        for chunk in examples.single_events(np.arange(len(table)))
        for r in chunk.to_pylist()
    ]
    for example, row in zip(decoded, table.table.to_pylist(), strict=True):
        assert example == {
            "user_id": [row["user_id"].encode()],
            "city": [b"Ulm" if row["user_id"] == "u" else b""],
            "age": [7.5 if row["user_id"] == "u" else None],
            "item_id": [row["item_id"].encode()],
            "timestamp": [row["time_us"] // SECOND],
            "event_type": [row["event_type"].encode()],
            "value": number(row["value"]),
            "dev": [row["context.dev"].encode()],
            "price": number(row["context.price"]),
        }


@given(rows(), st.data())
def test_windows_contain_their_events_and_mark_their_targets(
    events: list[dict[str, Any]], data: st.DataObject
) -> None:
    table = sorted_events(events, TABLE.context)
    is_target = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(table), max_size=len(table)))
    )
    bounds = []
    for start, stop in zip(table.starts[:-1].tolist(), table.starts[1:].tolist(), strict=True):
        begin = data.draw(st.integers(start, stop - 1))
        first = data.draw(st.integers(begin, stop - 1))
        bounds.append((begin, stop, first))
    begins, ends, firsts = np.array(bounds).T
    windows = WindowRanges(begins, ends, firsts, num_targets=0)
    examples = EventExamples(table, is_target, USERS, TABLE)
    decoded = [plain(record) for chunk in examples.windows(windows) for record in chunk.to_pylist()]
    for example, (begin, end, first) in zip(decoded, bounds, strict=True):
        of_window = table.table.slice(begin, end - begin).to_pylist()
        assert example["item_id"] == [row["item_id"].encode() for row in of_window]
        assert example["timestamp"] == [row["time_us"] // SECOND for row in of_window]
        assert example["value"] == [value for row in of_window for value in number(row["value"])]
        assert example["dev"] == [row["context.dev"].encode() for row in of_window]
        assert example["is_target"] == [
            int(is_target[at] and at >= first) for at in range(begin, end)
        ]


def test_users_have_every_feature() -> None:
    (chunk,) = user_examples(USERS, TABLE.user)
    decoded = [plain(record) for record in chunk.to_pylist()]
    assert decoded == [
        {"user_id": [b"u"], "city": [b"Ulm"], "age": [7.5]},
        {"user_id": ["vé".encode()], "city": [b""], "age": [None]},
    ]


def test_a_window_larger_than_a_chunk_is_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.example_gen.event_examples._BYTES_PER_CHUNK", 100)
    table = sorted_events([{"time_us": n} for n in range(9)])
    windows = WindowRanges(np.array([0, 0, 4]), np.array([2, 7, 9]), np.array([0, 0, 4]), 0)
    no_features = FeatureTable()
    examples = EventExamples(table, np.ones(9, bool), pa.table({"user_id": ["u"]}), no_features)
    chunks = [len(chunk) for chunk in examples.windows(windows)]
    assert sum(chunks) == 3
    assert len(chunks) > 1
    assert sum(len(chunk) for chunk in examples.single_events(np.arange(9))) == 9


@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.lists(st.text(max_size=300)))
def test_elements_agree_with_encoding_one_by_one(integers: list[int], texts: list[str]) -> None:
    decoded = int_elements(np.array(integers, np.int64)).to_pylist()
    assert decoded == [encode.varint(value) for value in integers]
    elements = text_elements(pa.array(texts, pa.string())).to_pylist()
    encoded = [text.encode() for text in texts]
    assert elements == [encode.element_header(len(text)) + text for text in encoded]


def test_slices_are_framed_like_single_records() -> None:
    records = pa.array([b"a", b"bc", b"", b"d" * 300], pa.binary())
    whole = [frame(records.slice(at, 1)) for at in range(4)]
    assert frame(records) == b"".join(whole)
    assert frame(records.slice(0, 0)) == b""
