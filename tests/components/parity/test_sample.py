"""The sample as a file, and the fingerprint of a window."""

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.parity.sample import fingerprint, read_sample, write_sample
from schemas import serving
from schemas.bundle import PARITY_FILE
from tests.components.parity.samples import bytes_array, sample_of


def test_what_was_written_is_read(tmp_path: Path) -> None:
    embedding = np.array([[1.5, -2.0], [0.0, np.float32(1) / 3]], np.float32)
    ids = np.array([[b"a\x00", b""], [b"\xff", b"a"]], dtype=object)
    written = sample_of(
        [("u", [("a", 1)]), ("v", [("a", 1), ("b", 2**40)])],
        position=[0, 1],
        item_id=["a", "ü"],
        answers={
            serving.QUERY_EMBEDDING: {"embedding": embedding},
            serving.RECOMMEND: {"item_id": ids, "score": embedding},
        },
    )

    write_sample(str(tmp_path), written)
    found = read_sample(str(tmp_path))

    assert found is not None
    assert os.listdir(tmp_path) == [os.path.dirname(PARITY_FILE)]
    for field in fields(written):
        if field.name != "answers":
            expected = getattr(written, field.name)
            np.testing.assert_array_equal(getattr(found, field.name), expected)
    assert set(found.answers) == set(written.answers)
    np.testing.assert_array_equal(found.answers["query_embedding"]["embedding"], embedding)
    assert found.answers["query_embedding"]["embedding"].dtype == np.float32
    np.testing.assert_array_equal(found.answers["recommend"]["item_id"], ids)
    second = found.answer_of(serving.RECOMMEND, np.array([1]))
    assert second["item_id"].tolist() == [[b"\xff", b"a"]]


def test_a_model_without_a_sample_has_none(tmp_path: Path) -> None:
    assert read_sample(str(tmp_path)) is None


EVENTS = st.lists(st.tuples(st.binary(max_size=3), st.integers(-1, 3)), max_size=4)


@given(EVENTS, EVENTS)
def test_only_equal_windows_share_a_fingerprint(
    one: list[tuple[bytes, int]], other: list[tuple[bytes, int]]
) -> None:
    keys = [
        fingerprint(
            bytes_array([item for item, _ in events]),
            np.array([time_s for _, time_s in events], np.int64),
        )
        for events in (one, other)
    ]

    assert (keys[0] == keys[1]) == (one == other)
