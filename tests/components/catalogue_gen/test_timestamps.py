"""Tests of timestamp features, from the items file to the input of the candidate tower."""

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from components.catalogue_gen.item_parser import convert_timestamps_s
from components.transform.preprocessing import catalogue_preprocessing_fn
from schemas import tfmd
from schemas.events import RejectReason
from schemas.features import feature_table
from schemas.source_settings import TimestampUnit
from schemas.transformed import NUM_BUCKETS
from tests.components.catalogue_gen.catalogues import HEADER, rejects, run, settings
from tests.components.transform.local_transform import transform

ROWS = f"""{HEADER}a,,,,,2020-01-01T00:00:00Z
b,,,,,2020-01-03 01:00:00+01:00
c,,,,,
d,,,,,long ago
"""
DAY_S = 86_400
NEW_YEAR_S = int(datetime(2020, 1, 1, tzinfo=timezone.utc).timestamp())


def test_timestamps_become_standard_scores_of_days(tmp_path: Path) -> None:
    data = settings(tmp_path, ROWS, timestamp_unit="iso8601")
    report, catalogue = run(data, tmp_path)
    raw = [
        {
            "item_id": [item],
            "available_at": [-1],
            "title": [b""],
            "genres": [],
            "price": [np.nan],
            "released": [int(released)],
        }
        for item, released in zip(catalogue.item_id, catalogue.features["released"], strict=True)
    ]
    schema = tfmd.catalogue_schema(feature_table(data))
    transformed = transform(raw, schema, catalogue_preprocessing_fn, tmp_path / "transform", data)

    assert catalogue.item_id.tolist() == [b"a", b"b", b"c"]
    expected = [NEW_YEAR_S, NEW_YEAR_S + 2 * DAY_S, -1]
    assert catalogue.features["released"].tolist() == expected
    mean, deviation = 1, 1  # Of the days since New Year, which are 0 and 2.
    scores = [(0 - mean) / deviation, (2 - mean) / deviation, 0]
    np.testing.assert_allclose(transformed.flat("released"), scores, rtol=1e-6)
    buckets = transformed.flat("released.bucket")
    assert buckets[0] < buckets[1] < buckets[2] == NUM_BUCKETS
    (rejected,) = rejects(tmp_path)
    assert (rejected["line"], rejected["reason"]) == (5, "bad_timestamp")
    assert rejected["detail"].startswith("released: timestamp is 'long ago'")
    assert report.rejects == {"bad_timestamp": 1}


@pytest.mark.parametrize(
    ("unit", "values"),
    [
        ("s", ["3", 3.0, None, "", "x"]),
        ("ms", ["3999", 3000, None, " ", "x"]),
        ("us", [3_000_001, 3_000_000.0, None, "", "x"]),
        ("iso8601", ["1970-01-01T00:00:03", "1970-01-01 00:00:03.9Z", None, "", "x"]),
    ],
)
def test_timestamps_of_every_unit_become_seconds(unit: TimestampUnit, values: list[object]) -> None:
    converted = convert_timestamps_s(values, "released", unit)
    assert converted.values.to_pylist()[:4] == [3, 3, -1, -1]
    assert list(converted.failures) == [4]
    assert converted.failures[4].reason is RejectReason.BAD_TIMESTAMP
    assert converted.failures[4].detail.startswith("released: ")


def test_valid_and_empty_columns() -> None:
    assert convert_timestamps_s(["7", "8"], "released", "s").values.to_pylist() == [7, 8]
    assert convert_timestamps_s([], "released", "s").values.to_pylist() == []
