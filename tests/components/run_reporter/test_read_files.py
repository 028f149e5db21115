"""The files of steps that the report shows, and the section on features."""

import json
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from components.run_reporter.read_files import StepFiles, read_step_files
from tests.components.run_reporter.test_report import render, sections, specifications


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


def write(path: Path, message: Any) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(message.SerializeToString())


def test_summaries_statistics_and_anomalies_are_read(tmp_path: Path) -> None:
    example = {"file": "logs/a.csv", "line": 3, "detail": "no time", "raw": "u,i,"}
    rejects = tmp_path / "rejects"
    rejects.mkdir()
    summary = {"examples": [["interactions", "bad_value", example]]}
    (rejects / "summary.json").write_text(json.dumps(summary))
    statistics = statistics_pb2.DatasetFeatureStatisticsList(datasets=[dataset()])
    write(tmp_path / "statistics" / "Split-events" / "FeatureStats.pb", statistics)
    write(tmp_path / "anomalies" / "Split-events" / "SchemaDiff.pb", anomalies_pb2.Anomalies())
    uris = [str(tmp_path / name) for name in ("rejects", "statistics", "anomalies", "none")]

    read = read_step_files([{"fragment_uris": uris[:2]}, {"fragment_uris": uris[2:]}])

    (found,) = read.reject_examples
    assert (found.source, found.reason) == ("interactions", "bad_value")
    assert (found.place, found.detail, found.raw) == ("a.csv, line 3", "no time", "u,i,")
    assert read.statistics["events"].num_examples == 100
    assert list(read.anomalies) == ["events"]
    assert read_step_files([]) == StepFiles()


def test_statistics_are_a_table_and_charts_without_ids_of_users() -> None:
    html = render(files=StepFiles(statistics={"events": dataset()}))
    features = sections(html)["Features"]
    specs = specifications(html)
    charts = {spec["description"]: spec for spec in specs.values()}

    assert "u-secret" not in html
    assert "title 0" not in html  # a text that occurs once may be a name
    assert "ExampleValidator did not compare" in features
    row = '<tr><th scope="row">device</th><td>string</td><td class="num">10.0%</td>'
    assert row in features
    assert "mobile, tv" in features
    assert "2023-11-14" in features  # the time as a date
    assert "nan" not in features
    assert {"device (events)", "price (events)", "timestamp (events)"} <= set(charts)
    assert not {"user_id (events)", "title (events)"} & set(charts)


def test_anomalies_are_listed_with_their_severity() -> None:
    anomalies = anomalies_pb2.Anomalies()
    info = anomalies.anomaly_info["device"]
    info.severity = anomalies_pb2.AnomalyInfo.ERROR
    info.short_description, info.description = "Unexpected values", "a value <fax>"
    for found, text in (
        (anomalies, "Unexpected values: a value &lt;fax&gt;"),
        (anomalies_pb2.Anomalies(), "No anomaly"),
    ):
        files = StepFiles(statistics={"events": dataset()}, anomalies={"events": found})
        assert text in sections(render(files=files))["Features"]


def test_features_without_a_chart_are_counted() -> None:
    statistics = dataset()
    drawn = next(feature for feature in statistics.features if feature.name == "price")
    for number in range(15):
        statistics.features.add().CopyFrom(drawn)
        statistics.features[-1].name = f"price {number}"
    features = sections(render(files=StepFiles(statistics={"events": statistics})))["Features"]

    # 18 features have a distribution: device, price, timestamp and the 15 others.
    assert features.count('class="chart"') == 12
    assert "Further features without a chart: 6." in features
    assert "price 14" in features
