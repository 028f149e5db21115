"""Reads what the report shows from artifacts of the steps, besides their fragments.

Sources: the summaries of both ingestions, and the statistics and anomalies that TFDV wrote
(https://www.tensorflow.org/tfx/data_validation/get_started).
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from components import files
from components.records.summary_file import SUMMARY_FILE, read_summary
from schemas.steps import ANOMALIES_FILE, STATISTICS_FILE

_SPLIT = "Split-"


@dataclass(frozen=True)
class RejectExample:
    """The first rejected record of one source and reason.

    Attributes:
      source: `interactions`, `users`, `items` or `logged`.
      reason: The reason.
      place: File and line.
      detail: What was wrong; "" if records must not be shown.
      raw: The record; "" if records must not be shown.
    """

    source: str
    reason: str
    place: str
    detail: str
    raw: str


@dataclass(frozen=True)
class StepFiles:
    """The contents of files that steps wrote.

    Attributes:
      reject_examples: One rejected record for each source and reason.
      statistics: The statistics of the features, by split of the examples (`events`, `catalogue`).
      anomalies: The anomalies, in the same way.
    """

    reject_examples: list[RejectExample] = field(default_factory=list)
    statistics: dict[str, statistics_pb2.DatasetFeatureStatistics] = field(default_factory=dict)
    anomalies: dict[str, anomalies_pb2.Anomalies] = field(default_factory=dict)


def read_step_files(steps: Iterable[dict[str, Any]]) -> StepFiles:
    """Reads the files of a run's steps, as far as the steps have written them.

    Args:
      steps: The steps of the run, with their `fragment_uris`.
    """
    read = StepFiles()
    for uri in (uri for step in steps for uri in step["fragment_uris"]):
        if files.exists(os.path.join(uri, SUMMARY_FILE)):
            read.reject_examples.extend(_reject_examples(read_summary(uri)))
        for split, path in _split_files(uri, STATISTICS_FILE):
            statistics = statistics_pb2.DatasetFeatureStatisticsList()
            statistics.ParseFromString(files.read_bytes(path))
            read.statistics[split] = statistics.datasets[0]
        for split, path in _split_files(uri, ANOMALIES_FILE):
            anomalies = anomalies_pb2.Anomalies()
            anomalies.ParseFromString(files.read_bytes(path))
            read.anomalies[split] = anomalies
    return read


def _reject_examples(summary: dict[str, Any]) -> Iterator[RejectExample]:
    for source, reason, example in summary["examples"]:
        place = f"{os.path.basename(example['file'])}, line {example['line']}"
        yield RejectExample(source, reason, place, example["detail"], example["raw"])


def _split_files(uri: str, name: str) -> Iterator[tuple[str, str]]:
    """Yields pairs of split and path for the files of this name in the splits of an artifact."""
    if not files.is_folder(uri):
        return
    for folder in sorted(files.names_in(uri)):
        path = os.path.join(uri, folder, name)
        if folder.startswith(_SPLIT) and files.exists(path):
            yield folder.removeprefix(_SPLIT), path
