"""The rows of the candidate table."""

import numpy as np
import pytest

from components.trainer.data.candidates import TransformedCatalogue, candidate_table
from components.trainer.data.columns import MAX_BAG_LENGTH, Column
from components.trainer.data.features import BAG_PADDING, InputFeature
from schemas.errors import InputError
from schemas.source_settings import FeatureKind
from schemas.transformed import NUM_BUCKETS

FEATURES = (
    InputFeature("title", FeatureKind.TEXT, 9),
    InputFeature("brand", FeatureKind.CATEGORY, 4),
    InputFeature("price", FeatureKind.NUMBER, NUM_BUCKETS),
)
# The catalogue contains new, a and b; z is in the vocabulary only.
ITEM_ID = np.array([b"new", b"a", b"b"], dtype=object)
COLUMNS = {
    "title": Column(np.array([7, 5, 6]), np.array([1, 0, 2])),
    "brand": Column(np.array([3, 2, 1]), np.ones(3, np.int64)),
    "price": Column(np.array([0.5, -0.5, 1.5], np.float32), np.ones(3, np.int64)),
    "price.bucket": Column(np.array([5, 0, 9]), np.ones(3, np.int64)),
}
CATALOGUE = TransformedCatalogue(ITEM_ID, np.array([70, -1, 50]), COLUMNS)


def bare_catalogue(*item_id: bytes) -> TransformedCatalogue:
    """Returns a catalogue of items without features."""
    return TransformedCatalogue(np.array(item_id, dtype=object), np.full(len(item_id), -1), {})


def test_vocabulary_rows_are_first_and_in_order() -> None:
    table = candidate_table([b"b", b"z", b"a"], CATALOGUE, FEATURES)

    assert table.item_id.tolist() == [b"b", b"z", b"a", b"new"]
    assert table.num_vocabulary == 3
    assert table.missing_row == len(table) == 4


def test_features_are_joined_by_id_and_missing_for_other_items() -> None:
    table = candidate_table([b"b", b"z", b"a"], CATALOGUE, FEATURES)

    # rows: b, z (not in the catalogue), a, new, and the unknown item
    pad = BAG_PADDING
    assert table.columns["title"].tolist() == [[5, 6], [pad, pad], [pad, pad], [7, pad], [pad, pad]]
    assert table.columns["brand"].tolist() == [1, 4, 2, 3, 4]
    assert table.columns["price"].tolist() == [1.5, 0.0, -0.5, 0.5, 0.0]
    assert table.columns["price.bucket"].tolist() == [9, NUM_BUCKETS, 0, 5, NUM_BUCKETS]


def test_items_are_available_from_their_time_or_always_if_it_is_unknown() -> None:
    table = candidate_table([b"b", b"z", b"a"], CATALOGUE, FEATURES)

    # rows: b at 50, z (not in the catalogue) and a at an unknown time, new at 70
    assert table.available_at.tolist() == [50, -1, -1, 70]
    assert table.rows_available_by(49).tolist() == [1, 2]
    assert table.rows_available_by(50).tolist() == [0, 1, 2]
    assert table.rows_available_by(70).tolist() == [0, 1, 2, 3]


def test_a_catalogue_without_features_has_no_columns() -> None:
    table = candidate_table([], bare_catalogue(*ITEM_ID), ())

    assert table.item_id.tolist() == ITEM_ID.tolist()
    assert (table.num_vocabulary, table.columns) == (0, {})


def test_long_texts_are_cut_to_their_first_words() -> None:
    words = np.arange(MAX_BAG_LENGTH + 5)

    padded = Column(np.append(words, 3), np.array([len(words), 1])).padded()

    assert padded.shape == (2, MAX_BAG_LENGTH)
    assert padded[0].tolist() == words[:MAX_BAG_LENGTH].tolist()
    assert padded[1].tolist() == [3] + [BAG_PADDING] * (MAX_BAG_LENGTH - 1)


def test_a_duplicate_item_is_an_error() -> None:
    with pytest.raises(InputError, match=r"item 'a' more than once"):
        candidate_table([], bare_catalogue(b"a", b"b", b"a"), ())


def test_an_empty_catalogue_and_vocabulary_are_an_error() -> None:
    with pytest.raises(InputError, match="there is no item"):
        candidate_table([], bare_catalogue(), ())
