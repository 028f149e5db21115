"""The `beam.args` for clusters in the README: accepted, parsed, and used to build pipelines."""

import gzip
import re
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
import yaml
from apache_beam.options import pipeline_options as po
from apache_beam.portability import common_urns
from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner
from apache_beam.runners.portability.flink_runner import FlinkRunner
from apache_beam.runners.portability.portable_runner import PortableRunner
from apache_beam.transforms.environments import Environment

from components.example_gen.ingest import Outputs, ingest
from pipeline.config.beam_args import check_beam_args
from tests.components.example_gen.logs import event, settings

README = Path(__file__).parents[3] / "README.md"
WORKER = "registry.example.com/twotower-worker:1"

# Without network access: Dataflow's validation reads buckets, and pip lists installed packages.
OFFLINE = ["--dry_run=True", "--experiments=disable_logging_submission_environment"]


def readme_args() -> dict[str, list[str]]:
    """Returns the arguments in the README by cluster."""
    section = README.read_text(encoding="utf-8").split("## On Dataflow, Flink and Spark")[1]
    block = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert block
    documents = list(yaml.safe_load_all(block[1]))
    names = ("dataflow", "flink", "spark")
    return {name: document["beam"]["args"] for name, document in zip(names, documents, strict=True)}


CLUSTERS = readme_args()


@pytest.fixture(params=CLUSTERS)
def cluster(request: pytest.FixtureRequest) -> str:
    return request.param


def options_of(cluster: str) -> po.PipelineOptions:
    return po.PipelineOptions([*CLUSTERS[cluster], *OFFLINE])


def runner_api_parameter(environment: Environment) -> tuple[str, Any]:
    """Returns URN and payload of an environment, which do not depend on the pipeline context."""
    context: Any = None
    urn, payload = environment.to_runner_api_parameter(context)
    return urn, payload


def test_arguments_pass_the_check(cluster: str) -> None:
    check_beam_args("README.md", CLUSTERS[cluster])


def test_dataflow_options() -> None:
    options = options_of("dataflow")
    cloud, workers = (options.view_as(view) for view in (po.GoogleCloudOptions, po.WorkerOptions))
    assert (cloud.project, cloud.region) == ("my-project", "europe-west4")
    assert cloud.temp_location == "gs://my-bucket/tmp"
    assert workers.sdk_container_image.endswith("/my-project/twotower/worker:1")
    assert (workers.machine_type, workers.max_num_workers) == ("n2-standard-4", 20)


def test_flink_options() -> None:
    options = options_of("flink")
    flink = options.view_as(po.FlinkRunnerOptions)
    assert (flink.flink_master, flink.flink_version) == ("http://flink-jobmanager:8081", "1.19")
    assert flink.parallelism == 16
    environment = Environment.from_options(options.view_as(po.PortableOptions))
    urn, payload = runner_api_parameter(environment)
    assert urn == common_urns.environments.DOCKER.urn
    assert payload.container_image == WORKER


def test_spark_options() -> None:
    options = options_of("spark")
    assert options.view_as(po.PortableOptions).job_endpoint == "beam-job-server:8099"
    environment = Environment.from_options(options.view_as(po.PortableOptions))
    urn, payload = runner_api_parameter(environment)
    assert urn == common_urns.environments.EXTERNAL.urn
    assert payload.endpoint.url == "localhost:50000"


class PipelineBuiltError(Exception):
    """Ends an ingestion when its pipeline is built."""


class BuildOnlyPipeline(beam.Pipeline):
    """A pipeline that is built for its runner but not run."""

    def run(self, *_: Any, **__: Any) -> Any:
        raise PipelineBuiltError


def test_pipeline_is_built_for_its_runner(cluster: str, tmp_path: Path) -> None:
    data = settings(tmp_path, [event("u", "i", n) for n in range(5)], items=["i"])
    shard = tmp_path / "Split-catalogue" / "data_tfrecord-00000-of-00001.gz"
    shard.parent.mkdir()
    shard.write_bytes(gzip.compress(b""))
    outputs = Outputs(*(str(tmp_path / name) for name in ("w", "e", "u", "r")))
    pipeline = BuildOnlyPipeline(options=options_of(cluster))
    with pytest.raises(PipelineBuiltError):
        ingest(data, str(tmp_path), outputs, lambda: pipeline)
    runner = {"dataflow": DataflowRunner, "flink": FlinkRunner, "spark": PortableRunner}[cluster]
    assert type(pipeline.runner) is runner
    # The parts that are sent to the cluster can be serialised.
    portable = options_of(cluster).view_as(po.PortableOptions)
    proto = pipeline.to_runner_api(default_environment=Environment.from_options(portable))
    assert len(proto.components.transforms) > 10
