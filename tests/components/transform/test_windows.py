"""The transformed windows, compared with NumPy."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.transform.numeric import MAX_SCORE
from components.transform.preprocessing import windows_preprocessing_fn
from components.transform.vocabularies import EMPTY_VOCABULARY_ENTRY, read_counts
from schemas import tfmd
from schemas.features import feature_table
from schemas.transformed import NUM_BUCKETS, USER_VOCABULARY
from tests.components.transform.local_transform import (
    NAN,
    SETTINGS,
    Transformed,
    as_request,
    transform,
    window,
)

SCHEMA = tfmd.windows_schema(feature_table(SETTINGS))
VALUES = [float(value) for value in range(20)]


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Transformed:
    raw = [
        # The second window repeats the last event of the first as history; it must count once.
        window(
            "u1",
            [1, 1],
            item_id=[b"a", b"b c"],
            value=[100.0, NAN],
            device=[b"tv", b"phone"],
            age=[30.0],
            place=[b"north"],
        ),
        window(
            "u1",
            [0, 1],
            item_id=[b"b c", b"a"],
            value=[NAN, 200.0],
            device=[b"phone", b"phone"],
            age=[30.0],
            place=[b"north"],
        ),
        window(
            "u2",
            [0] + [1] * 20,
            item_id=[b"seen\nonly"] + [b"a"] * 20,
            value=[9_999.0, *VALUES],
            event_type=[b"like"] + [b"view"] * 20,
            age=[50.0],
            place=[b"south"],
        ),
    ]
    return transform(raw, SCHEMA, windows_preprocessing_fn, tmp_path_factory.mktemp("windows"))


def test_the_user_vocabulary_is_sorted_by_number_of_targets(windows: Transformed) -> None:
    keys, counts = read_counts(windows.output, USER_VOCABULARY)
    assert dict(zip(keys, counts, strict=True)) == {b"u2": 20, b"u1": 2 + 1}
    assert counts == sorted(counts, reverse=True)
    assert windows.flat("user_id").tolist() == [b"u1", b"u1", b"u2"]


def test_item_counts_are_numbers_of_targets_and_zero_for_history_only_items(
    windows: Transformed,
) -> None:
    ids, counts = read_counts(windows.output, "item_id")
    assert dict(zip(ids, counts, strict=True)) == {b"a": 20 + 2, b"b c": 1, b"seen\nonly": 0}
    assert counts == sorted(counts, reverse=True)
    assert windows.output.vocabulary_size_by_name("item_id") == 3


@pytest.mark.parametrize("name", ["item_id", "timestamp", "is_target"])
def test_columns_that_the_trainer_joins_on_are_unchanged(windows: Transformed, name: str) -> None:
    assert [row[name].tolist() for row in windows.rows] == [row[name] for row in windows.raw]


def test_event_types_that_are_never_a_target_have_an_index(windows: Transformed) -> None:
    assert windows.vocabulary("event_type") == [b"view", b"like"]
    assert windows.rows[2]["event_type"][:2].tolist() == [1, 0]


def test_a_missing_category_is_out_of_vocabulary(windows: Transformed) -> None:
    assert windows.vocabulary("device") == [b"phone", b"tv"]  # 2 targets, 1 target
    assert windows.rows[0]["device"].tolist() == [1, 0]
    assert set(windows.rows[2]["device"]) == {2}


def test_the_standard_score_uses_the_known_values_of_targets(windows: Transformed) -> None:
    sample = np.array([100.0, 200.0, *VALUES])
    raw = np.concatenate([row["value"] for row in windows.raw])
    score = np.nan_to_num((raw - sample.mean()) / sample.std(), nan=0.0)
    assert score.max() > MAX_SCORE
    expected = np.clip(score, -MAX_SCORE, MAX_SCORE)
    np.testing.assert_allclose(windows.flat("value"), expected, rtol=1e-5)


def test_a_user_feature_counts_once_per_target(windows: Transformed) -> None:
    sample = np.array([30.0] * 3 + [50.0] * 20)
    expected = (np.array([30.0, 30.0, 50.0]) - sample.mean()) / sample.std()
    np.testing.assert_allclose(windows.flat("age"), expected, rtol=1e-5)
    assert windows.vocabulary("place") == [b"south", b"north"]


def test_buckets_have_about_a_tenth_of_the_values_each_and_missing_values_their_own(
    windows: Transformed,
) -> None:
    buckets = windows.rows[2]["value.bucket"][1:]
    assert (np.diff(buckets) >= 0).all()
    assert np.bincount(buckets, minlength=NUM_BUCKETS).max() <= 3  # 22 values in 10 buckets
    assert windows.rows[0]["value.bucket"].tolist() == [NUM_BUCKETS - 1, NUM_BUCKETS]


def test_a_feature_without_any_value_is_out_of_vocabulary_or_zero(windows: Transformed) -> None:
    assert windows.vocabulary("nothing") == [EMPTY_VOCABULARY_ENTRY]
    assert windows.output.vocabulary_size_by_name("nothing") == 1
    assert set(windows.flat("nothing")) == {1}
    assert set(windows.flat("unknown")) == {0.0}
    assert set(windows.flat("unknown.bucket")) == {NUM_BUCKETS}


def test_a_constant_number_has_a_score_of_zero(windows: Transformed) -> None:
    assert set(windows.flat("fixed")) == {0.0}
    assert NUM_BUCKETS not in windows.flat("fixed.bucket")


def test_a_request_is_transformed_like_the_data(windows: Transformed) -> None:
    outputs = windows.output.transform_raw_features(as_request(windows.raw, SCHEMA))
    assert set(outputs) == set(windows.rows[0])
    for name, tensor in outputs.items():
        values = tensor.values if isinstance(tensor, tf.SparseTensor) else tensor
        assert np.ravel(values).tolist() == windows.flat(name).tolist(), name


def test_a_served_model_transforms_a_subset_of_the_features(
    windows: Transformed, tmp_path: Path
) -> None:
    """Exports the graph again inside a model and loads it with the TF1 loader of TF Serving."""
    module = tf.Module()
    module.layer = windows.output.transform_features_layer()

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.string, "event_type"),
            tf.TensorSpec([None, None], tf.float32, "value"),
        ]
    )
    def serve(event_type: tf.Tensor, value: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = module.layer(
            {
                "event_type": tf.RaggedTensor.from_tensor(event_type).to_sparse(),
                "value": tf.RaggedTensor.from_tensor(value).to_sparse(),
            }
        )
        names = ("event_type", "value", "value.bucket")
        return {name: tf.convert_to_tensor(_dense(outputs[name])) for name in names}

    tf.saved_model.save(module, str(tmp_path), signatures={"serve": serve})
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path))
        signature = loaded.signature_def["serve"]
        request = {
            "event_type": [[b"like", b"never seen"], [b"", b"view"]],
            "value": [[NAN, float("inf")], [0.0, 19.0]],
        }
        outputs = session.run(
            {name: info.name for name, info in signature.outputs.items()},
            {signature.inputs[name].name: value for name, value in request.items()},
        )
    assert outputs["event_type"].tolist() == [[1, 2], [2, 0]]
    assert outputs["value"][0].tolist() == [0.0, 0.0]
    assert outputs["value.bucket"][0].tolist() == [NUM_BUCKETS, NUM_BUCKETS]
    np.testing.assert_array_equal(outputs["value"][1], windows.rows[2]["value"][[1, 20]])


def _dense(x: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
    return tf.sparse.to_dense(x) if isinstance(x, tf.SparseTensor) else x
