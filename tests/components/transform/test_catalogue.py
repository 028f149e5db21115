"""The transformed catalogue, compared with NumPy."""

from datetime import datetime, timezone

import numpy as np
import pytest
import tensorflow as tf

from components.transform.numeric import days_since_epoch
from components.transform.preprocessing import catalogue_preprocessing_fn
from components.transform.text import tokens
from schemas import tfmd
from schemas.features import feature_table
from schemas.transformed import NUM_BUCKETS
from tests.components.transform.local_transform import (
    SETTINGS,
    Transformed,
    as_request,
    item,
    transform,
)

SCHEMA = tfmd.catalogue_schema(feature_table(SETTINGS))


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Transformed:
    raw = [
        item(
            "i1",
            title=["Été: the sea, THE SEA!".encode()],
            genres=[b"drama", b"war"],
            price=[3.0],
            brand=[b"acme"],
            available_at=[7],
            released=[10_000 * 86_400],
        ),
        item("i2", title=[b"The sky"], genres=[b"war"], price=[5.0], released=[20_000 * 86_400]),
        item("i3", title=[b"?!"], brand=[b"acme"]),
    ]
    return transform(raw, SCHEMA, catalogue_preprocessing_fn, tmp_path_factory.mktemp("catalogue"))


def test_text_is_a_bag_of_lower_case_words(catalogue: Transformed) -> None:
    vocabulary = catalogue.vocabulary("title")
    # Counts: "the" 3, "sea" 2, the others 1 each, in descending order of their bytes.
    assert vocabulary == [b"the", b"sea", "été".encode(), b"sky"]
    words = [[vocabulary[index].decode() for index in row["title"]] for row in catalogue.rows]
    assert words == [["été", "the", "sea", "the", "sea"], ["the", "sky"], []]


def test_categories_are_bags_of_indices(catalogue: Transformed) -> None:
    assert catalogue.vocabulary("genres") == [b"war", b"drama"]
    assert [row["genres"].tolist() for row in catalogue.rows] == [[1, 0], [0], []]


def test_single_values_are_indices_and_standard_scores(catalogue: Transformed) -> None:
    assert catalogue.flat("item_id").tolist() == [b"i1", b"i2", b"i3"]
    assert catalogue.flat("available_at").tolist() == [7, -1, -1]
    assert catalogue.flat("brand").tolist() == [0, 1, 0]
    np.testing.assert_allclose(catalogue.flat("price"), [-1.0, 1.0, 0.0], rtol=1e-6)
    assert catalogue.flat("price.bucket")[2] == NUM_BUCKETS


def test_a_timestamp_is_standardised_as_a_number_of_days(catalogue: Transformed) -> None:
    mean, deviation = 15_000, 5_000
    scores = [(10_000 - mean) / deviation, (20_000 - mean) / deviation, 0.0]
    np.testing.assert_allclose(catalogue.flat("released"), scores, rtol=1e-6)
    assert catalogue.flat("released.bucket")[2] == NUM_BUCKETS


@pytest.mark.parametrize(
    ("timestamp_s", "expected"),
    [(0, 0.0), (-3 * 86_400, -3.0), (19_000 * 86_400 + 43_200, 19_000.5), (-1, np.nan)],
)
def test_days_since_epoch(timestamp_s: int, expected: float) -> None:
    days = days_since_epoch(tf.constant([[timestamp_s]], tf.int64))
    assert days.dtype == tf.float32
    np.testing.assert_array_equal(days, [[expected]])


def test_days_are_precise_to_two_minutes() -> None:
    last = int(datetime(2059, 9, 1, tzinfo=timezone.utc).timestamp())
    times = np.linspace(0, last, 1_001).astype(np.int64)
    days = days_since_epoch(tf.constant(times)).numpy()
    assert np.abs(days.astype(np.float64) * 86_400 - times).max() < 120


def test_features_without_any_value_are_empty_bags(catalogue: Transformed) -> None:
    for name in ("blurb", "tags"):
        assert catalogue.output.vocabulary_size_by_name(name) == 1
        assert catalogue.flat(name).tolist() == []


def test_a_request_is_transformed_like_the_data(catalogue: Transformed) -> None:
    outputs = catalogue.output.transform_raw_features(as_request(catalogue.raw, SCHEMA))
    for name, tensor in outputs.items():
        values = tensor.values if isinstance(tensor, tf.SparseTensor) else tensor
        assert np.ravel(values).tolist() == catalogue.flat(name).tolist(), name


def test_padding_of_a_list_in_a_request_is_not_a_category(catalogue: Transformed) -> None:
    padded = tf.RaggedTensor.from_tensor(
        tf.constant([[b"", b"war", b""], [b"", b"", b""], [b"jazz", b"", b"drama"]])
    ).to_sparse()
    genres = catalogue.output.transform_raw_features({"genres": padded})["genres"]
    assert tf.RaggedTensor.from_sparse(genres).to_list() == [[0], [], [2, 1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  \t\n", []),
        ("Don't stop—me 2night_now", ["don", "t", "stop", "me", "2night", "now"]),
        ("ÅNGSTRÖM 日本 हिन्दी", ["ångström", "日本", "हिन्दी"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    bag = tokens(tf.constant([[text]]))
    assert [word.decode() for word in bag.values.numpy()] == expected
    assert bag.dense_shape.numpy()[0] == 1


def test_bytes_that_are_not_utf8_are_split_into_tokens() -> None:
    assert b"abc" in tokens(tf.constant([[b"\xff\xfe abc"]])).values.numpy()
