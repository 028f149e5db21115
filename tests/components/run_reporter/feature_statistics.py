"""Statistics of features as TFDV writes them."""

from tensorflow_metadata.proto.v0 import statistics_pb2


def dataset() -> statistics_pb2.DatasetFeatureStatistics:
    """Returns statistics of a user, a category, a number, a time and a text."""
    found = statistics_pb2.DatasetFeatureStatistics(num_examples=100)
    for name, values in (
        ("user_id", {"u-secret": 3, "u2": 2}),
        ("device", {"mobile": 60, "tv": 30, "": 10}),
        ("title", {f"title {n}": 1 for n in range(100)}),
    ):
        feature = found.features.add(name=name, type=statistics_pb2.FeatureNameStatistics.STRING)
        stats = feature.string_stats
        stats.unique = len(values)
        stats.common_stats.num_non_missing = stats.common_stats.tot_num_values = 100
        for value, frequency in values.items():
            stats.top_values.add(value=value, frequency=frequency)
    for name, low, high in (("price", 0.0, 30.0), ("timestamp", 1.7e9, 1.71e9)):
        feature = found.features.add(name=name, type=statistics_pb2.FeatureNameStatistics.FLOAT)
        numbers = feature.num_stats
        numbers.common_stats.num_non_missing, numbers.common_stats.num_missing = 75, 25
        numbers.min, numbers.median, numbers.max, numbers.mean = low, low, high, float("nan")
        histogram = numbers.histograms.add(type=statistics_pb2.Histogram.STANDARD)
        for n in range(2):
            width = (high - low) / 2
            histogram.buckets.add(
                low_value=low + n * width, high_value=low + (n + 1) * width, sample_count=10 * n
            )
    return found
