"""Statistics of a few events, as StatisticsGen computes them."""

import pyarrow as pa
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import statistics_pb2

from schemas.features import Feature, FeatureTable
from schemas.source_settings import FeatureKind

TABLE = FeatureTable(context=(Feature("device", FeatureKind.CATEGORY, "device"),))
NAN = float("nan")
Column = list[str] | list[int] | list[float]


def statistics_of(**given: Column) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Of events whose columns are `given`, every other column missing."""
    size = len(next(iter(given.values())))
    columns: dict[str, Column] = {
        "user_id": ["u"] * size,
        "item_id": ["i"] * size,
        "timestamp": [1_700_000_000] * size,
        "event_type": [""] * size,
        "value": [NAN] * size,
        "device": [""] * size,
        **given,
    }
    types = {str: pa.binary(), int: pa.int64(), float: pa.float32()}
    arrays = [
        pa.array([[value] for value in values], pa.list_(types[type(values[0])]))
        for values in columns.values()
    ]
    batch = pa.RecordBatch.from_arrays(arrays, list(columns))
    return stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions())
