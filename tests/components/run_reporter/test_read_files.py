"""The files of steps that the report shows."""

import json
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from components.run_reporter.read_files import StepFiles, read_step_files
from tests.components.run_reporter.feature_statistics import dataset


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
