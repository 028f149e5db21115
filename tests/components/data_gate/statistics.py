"""Statistics of a few events, as computed by StatisticsGen, and a search for records in them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.data_gate.record_search import MAX_RECORDS, RecordFinder, ValueMatcher
from schemas.features import Feature, FeatureTable
from schemas.source_settings import FeatureKind

TABLE = FeatureTable(
    context=(
        Feature("device", FeatureKind.CATEGORY, "device"),
        Feature("price", FeatureKind.NUMBER, "price"),
    )
)
NAN = float("nan")
Column = list[str] | list[int] | list[float]


def columns_of(given: Mapping[str, Column]) -> dict[str, Column]:
    """Returns all columns of the events; columns that are not given contain missing values."""
    size = len(next(iter(given.values())))
    return {
        "user_id": ["u"] * size,
        "item_id": ["i"] * size,
        "timestamp": [1_700_000_000] * size,
        "event_type": [""] * size,
        "value": [NAN] * size,
        "device": [""] * size,
        "price": [NAN] * size,
        **given,
    }


def statistics_of(**given: Column) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Returns the statistics of events with the given columns; other columns are missing."""
    columns = columns_of(given)
    types = {str: pa.binary(), int: pa.int64(), float: pa.float32()}
    arrays = [
        pa.array([[value] for value in values], pa.list_(types[type(values[0])]))
        for values in columns.values()
    ]
    batch = pa.RecordBatch.from_arrays(arrays, list(columns))
    return stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions())


def finder_in(given: Mapping[str, Column]) -> RecordFinder:
    """Returns a finder that returns the user ids of the matching events instead of records."""
    columns = columns_of(given)

    def array(values: Column) -> npt.NDArray[Any]:
        if isinstance(values[0], str):
            return np.array([str(value).encode() for value in values], object)
        return np.array(values, np.int64 if isinstance(values[0], int) else np.float32)

    def find(matchers: Mapping[str, ValueMatcher]) -> dict[str, list[str]]:
        return {
            name: [
                str(user)
                for user, is_match in zip(
                    columns["user_id"], matches(array(columns[name])), strict=True
                )
                if is_match
            ][:MAX_RECORDS]
            for name, matches in matchers.items()
        }

    return find
