"""The sample as a file, and the window_fingerprint of a window."""

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.parity.sample_file import read_sample, window_fingerprint, write_sample
from schemas import serving
from schemas.bundle import PARITY_FILE
from tests.components.parity.samples import bytes_array, sample_of


def test_round_trip_of_a_sample(tmp_path: Path) -> None:
    embedding = np.array([[1.5, -2.0], [0.0, np.float32(1) / 3]], np.float32)
    ids = np.array([[b"a\x00", b""], [b"\xff", b"a"]], dtype=object)
    written = sample_of(
        [("u", [("a", 1)]), ("v", [("a", 1), ("b", 2**40)])],
        position=[0, 1],
        item_id=["a", "ü"],
        outputs={
            serving.QUERY_EMBEDDING: {"embedding": embedding},
            serving.RECOMMEND: {"item_id": ids, "score": embedding},
        },
    )

    write_sample(str(tmp_path), written)
    loaded = read_sample(str(tmp_path))

    assert loaded is not None
    assert os.listdir(tmp_path) == [os.path.dirname(PARITY_FILE)]
    for field in fields(written):
        if field.name != "outputs":
            expected = getattr(written, field.name)
            np.testing.assert_array_equal(getattr(loaded, field.name), expected)
    assert set(loaded.outputs) == set(written.outputs)
    np.testing.assert_array_equal(loaded.outputs["query_embedding"]["embedding"], embedding)
    assert loaded.outputs["query_embedding"]["embedding"].dtype == np.float32
    np.testing.assert_array_equal(loaded.outputs["recommend"]["item_id"], ids)
    second = loaded.outputs_of(serving.RECOMMEND, np.array([1]))
    assert second["item_id"].tolist() == [[b"\xff", b"a"]]


def test_reading_a_model_without_a_sample_returns_none(tmp_path: Path) -> None:
    assert read_sample(str(tmp_path)) is None


EVENTS = st.lists(st.tuples(st.binary(max_size=3), st.integers(-1, 3)), max_size=4)


@given(EVENTS, EVENTS)
def test_fingerprints_are_equal_only_for_equal_windows(
    one: list[tuple[bytes, int]], other: list[tuple[bytes, int]]
) -> None:
    keys = [
        window_fingerprint(
            bytes_array([item for item, _ in events]),
            np.array([time_s for _, time_s in events], np.int64),
        )
        for events in (one, other)
    ]

    assert (keys[0] == keys[1]) == (one == other)
