"""Tests that every local Beam runner gives the same output, and that steps can be pickled."""

import gzip
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
import tensorflow as tf
from apache_beam.internal import pickler
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pipeline import AppliedPTransform, PipelineVisitor

from components.catalogue_gen.ingest import ingest_catalogue
from components.example_gen.ingest import Outputs, ingest
from components.examples.shards import split_files
from schemas.events import RejectReason
from schemas.settings import DataSettings, from_dict
from tests.components.example_gen.logs import NOW_S, event
from tests.components.example_gen.worker_probe import keras_setting

ROOT = Path(__file__).parents[3]
IN_MEMORY = ()
TWO_PROCESSES = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
JOB_SERVICE = ("--runner=PortableRunner", "--job_endpoint=embed", "--environment_type=LOOPBACK")

SPLITS = {
    "catalogue": ("catalogue",),
    "windows": ("train", "eval", "test"),
    "events": ("events",),
    "users": ("users",),
}


@dataclass(frozen=True)
class Written:
    """The output and counts of both ingestions, sorted so that all runners give the same order."""

    examples: dict[str, list[bytes]]
    rejects: dict[str, list[str]]
    counts: dict[str, Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataSettings:
    """Two log files with many kinds of invalid records, a strict catalogue, and a users file."""
    folder = tmp_path_factory.mktemp("input")
    log = [event(f"u{n % 13}", f"i{n * n % 17}", 1000 + 6000 * n, value=n % 5) for n in range(400)]
    log += [event(7, 12, 5000), event("ünï", "i3", 6000), event("u1", "i1", 7000, type="buy")]
    log += [log[5], log[300], "{", "[]", event("", "i1", 1), event("u1", "i1", "noon")]
    log += [
        event("u1", "i1", NOW_S + 1),
        event("u2", "nowhere", 3),
        event("u2", "i2", 4, value="x"),
    ]
    log += [event("bot", "i1", 50 + n) for n in range(30)]
    for name, lines in (("a", log[::2]), ("b", log[1::2])):
        (folder / f"log-{name}.jsonl").write_text("".join(line + "\n" for line in lines))
    items = ["12", *(f"i{n}" for n in range(17)), "i3"]
    (folder / "items.csv").write_text("\n".join(["item,title", *(f"{i},No {i}" for i in items)]))
    users = [f"u{n},{20 + n}" for n in range(13)] + ["u3,99", "u4,old"]
    (folder / "users.csv").write_text("\n".join(["user,age", *users]))
    fields = {"user_id": "user", "item_id": "item", "timestamp": "time"}
    return from_dict(
        DataSettings,
        {
            "interactions": {
                "path": str(folder / "log-*.jsonl"),
                "format": "jsonl",
                "fields": {**fields, "event_type": "type", "value": "value"},
                "reject": {"user_rate_limit": {"events": 20, "per": "day"}},
                "keep": {"min_item_events": 2},
                "max_reject_fraction": 0.5,
            },
            "items": {
                "path": str(folder / "items.csv"),
                "format": "csv",
                "fields": {"item_id": "item"},
                "features": {"title": {"kind": "text"}},
            },
            "users": {
                "path": str(folder / "users.csv"),
                "format": "csv",
                "fields": {"user_id": "user"},
                "features": {"age": {"kind": "number"}},
            },
            "history": {"max_length": 6},
        },
    )


def ingest_all(
    data: DataSettings, folder: Path, make_pipeline: Callable[[], beam.Pipeline]
) -> dict[str, Any]:
    """Runs both ingestions into `folder`; returns their counts, with a duration of zero."""
    catalogue = str(folder / "catalogue")
    items = ingest_catalogue(data, catalogue, str(folder / "item_rejects"), make_pipeline)
    outputs = Outputs(*(str(folder / name) for name in ("windows", "events", "users", "rejects")))
    report = ingest(data, catalogue, outputs, make_pipeline, NOW_S)
    return {**report.to_dict(), "catalogue": {**items.to_dict(), "seconds": 0}, "seconds": 0}


def written(data: DataSettings, folder: Path, args: tuple[str, ...]) -> Written:
    counts = ingest_all(data, folder, lambda: beam.Pipeline(options=PipelineOptions(list(args))))
    examples = {
        split: sorted(
            tf.data.TFRecordDataset(
                split_files(str(folder / name), split), "GZIP"
            ).as_numpy_iterator()
        )
        for name, splits in SPLITS.items()
        for split in splits
    }
    rejects = {}
    for name in ("rejects", "item_rejects"):
        with gzip.open(folder / name / "rejects.jsonl.gz", "rt", encoding="utf-8") as lines:
            rejects[name] = sorted(lines)
    return Written(examples, rejects, counts)


@pytest.fixture(scope="module")
def in_memory(data: DataSettings, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(data, tmp_path_factory.mktemp("in_memory"), IN_MEMORY)


@pytest.fixture
def _workers_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets worker processes import this project, and set the Keras version themselves."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.delenv("TF_USE_LEGACY_KERAS")


def test_the_log_has_records_of_many_reasons(in_memory: Written) -> None:
    reasons = {json.loads(line)["reason"] for line in in_memory.rejects["rejects"]}
    assert reasons >= {
        reason.value
        for reason in (
            RejectReason.UNPARSEABLE,
            RejectReason.MISSING_FIELD,
            RejectReason.BAD_TIMESTAMP,
            RejectReason.BAD_VALUE,
            RejectReason.FUTURE_TIMESTAMP,
            RejectReason.DUPLICATE,
            RejectReason.UNKNOWN_ITEM,
            RejectReason.OVER_RATE_LIMIT,
        )
    }
    assert all(in_memory.examples.values())
    assert in_memory.counts["read"] == 400 + 3 + 6 + 2 + 1 + 30
    counts = in_memory.counts
    assert counts["read"] == counts["kept"] + sum(counts["rejects"].values())


@pytest.mark.usefixtures("_workers_find_the_tests")
@pytest.mark.parametrize(
    "args",
    [
        pytest.param(TWO_PROCESSES, marks=pytest.mark.slow, id="two processes"),
        pytest.param(JOB_SERVICE, marks=pytest.mark.nightly, id="job service"),
    ],
)
def test_every_runner_writes_the_same(
    args: tuple[str, ...], data: DataSettings, in_memory: Written, tmp_path: Path
) -> None:
    assert written(data, tmp_path, args) == in_memory


@pytest.mark.slow
@pytest.mark.usefixtures("_workers_find_the_tests")
def test_worker_processes_use_keras_2(tmp_path: Path) -> None:
    with beam.Pipeline(options=PipelineOptions(list(TWO_PROCESSES))) as pipeline:
        _ = (
            pipeline
            | beam.Create([os.getpid()])
            | beam.Map(keras_setting)
            | beam.io.WriteToText(str(tmp_path / "setting"), num_shards=1)
        )
    (output,) = tmp_path.iterdir()
    assert output.read_text() == "another process, TF_USE_LEGACY_KERAS=1\n"


def applied_transforms(pipeline: beam.Pipeline) -> list[AppliedPTransform]:
    nodes: list[AppliedPTransform] = []

    class Collect(PipelineVisitor):
        def enter_composite_transform(self, transform_node: AppliedPTransform) -> None:
            nodes.append(transform_node)

        def visit_transform(self, transform_node: AppliedPTransform) -> None:
            nodes.append(transform_node)

    pipeline.visit(Collect())
    return [node for node in nodes if node.parent is not None]


class BuildOnly(beam.Pipeline):
    """A pipeline that is built but not run."""

    built: list[AppliedPTransform]

    def run(self, *_: Any, **__: Any) -> Any:
        type(self).built = applied_transforms(self)
        raise PipelineBuiltError


class PipelineBuiltError(Exception):
    """Ends an ingestion once its pipeline is built."""


@pytest.fixture(params=["catalogue", "interactions"])
def built(
    request: pytest.FixtureRequest,
    data: DataSettings,
    tmp_path: Path,
) -> list[AppliedPTransform]:
    """All transforms of the pipeline of one ingestion."""
    if request.param == "catalogue":
        with pytest.raises(PipelineBuiltError):
            ingest_catalogue(data, str(tmp_path / "c"), str(tmp_path / "r"), BuildOnly)
        return BuildOnly.built
    shard = tmp_path / "Split-catalogue" / "data_tfrecord-00000-of-00001.gz"
    shard.parent.mkdir()
    shard.write_bytes(gzip.compress(b""))
    outputs = Outputs(*(str(tmp_path / name) for name in ("w", "e", "u", "r")))
    with pytest.raises(PipelineBuiltError):
        ingest(data, str(tmp_path), outputs, BuildOnly, NOW_S)
    return BuildOnly.built


def is_ours(node: AppliedPTransform) -> bool:
    """Returns whether this project, not Beam, applied a transform."""
    parent = node.parent
    assert parent is not None
    return parent.transform is None or type(parent.transform).__module__.startswith("components.")


def test_steps_have_explicit_names(built: list[AppliedPTransform]) -> None:
    unnamed = [
        node.full_label
        for node in filter(is_ours, built)
        if node.transform and node.full_label.split("/")[-1] == node.transform.default_label()
    ]
    assert not unnamed


def test_transforms_and_functions_can_be_pickled(built: list[AppliedPTransform]) -> None:
    transforms = [node.transform for node in built]
    functions = [getattr(transform, "fn", None) for transform in transforms]
    ours = [
        part
        for part in (*transforms, *functions)
        if type(part).__module__.startswith("components.")
    ]
    assert any(isinstance(part, beam.DoFn) for part in ours)
    assert any(isinstance(part, beam.PTransform) for part in ours)
    for part in ours:
        copy = pickler.loads(pickler.dumps(part))
        assert type(copy) is type(part)
        assert vars(copy).keys() == vars(part).keys()
