"""The section on features: statistics, charts and anomalies."""

from tensorflow_metadata.proto.v0 import anomalies_pb2

from components.run_reporter.read_files import StepFiles
from tests.components.run_reporter.feature_statistics import dataset
from tests.components.run_reporter.pages import render, sections, specifications


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
