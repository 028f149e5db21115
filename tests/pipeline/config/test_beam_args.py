"""`beam.args`: which arguments are accepted, and which are rejected with their name."""

import pytest

from pipeline.config.beam_args import check_beam_args
from schemas.errors import InputError

DATAFLOW = ["--runner=DataflowRunner", "--project=shop-prod", "--region=europe-west4"]


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--direct_running_mode=multi_processing", "--direct_num_workers=2"],
        ["--runner", "DirectRunner"],
        ["--runner=direct"],
        ["--experiments=one", "--experiments=two", "--s3_region_name=eu-central-1"],
        [*DATAFLOW, "--temp_location=gs://shop/tmp", "--sdk_container_image=shop/worker:1"],
        # Known only to the job server.
        ["--runner=FlinkRunner", "--checkpointing_interval=60000"],
        ["--runner=SparkRunner", "--storageLevel", "MEMORY_ONLY"],
    ],
)
def test_accepted(args: list[str]) -> None:
    check_beam_args("shop.yaml", args)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--direct_num_worker=2"], "--direct_num_worker: .* did you mean --direct_num_workers?"),
        (["--num_work=2"], "did you mean --num_workers"),
        (["--fast"], "--fast: Apache Beam has no such option"),
        (["--runner=DirectRunner", "quickly"], "'quickly': is not an argument; write --name=value"),
        (["-n", "2"], "'-n': is not an argument"),
        (["--direct_num_workers=two"], "--direct_num_workers: invalid int value: 'two'"),
        (["--flink_version=1.2"], "--flink_version: invalid choice: '1.2'"),
        (["--transform_name_mapping={"], "--transform_name_mapping: invalid"),
        (["--help"], "--help: is not an option of a pipeline"),
        (["--runner=Direkt"], "--runner=Direkt: is not supported; use one of DirectRunner, "),
        (["--runner=nowhere.FlinkRunner"], "--runner=nowhere.FlinkRunner: is not supported"),
        (["--runner=apache_beam.nowhere.FlinkRunner"], "cannot be created: No module named"),
        (["--runner=FlinkRunner", "--flink_versio=1.19"], "did you mean --flink_version"),
        (["--environment_type=PROCESS"], "process_command is required"),
        (DATAFLOW, "Missing GCS path option: temp_location"),
        ([*DATAFLOW, "--staging_location=/tmp"], r"Invalid GCS path \(/tmp\)"),
        (
            [*DATAFLOW, "--temp_location=gs://shop/x", "--num_workers=3", "--max_num_workers=2"],
            r"num_workers \(3\) cannot exceed max_num_workers \(2\)",
        ),
    ],
)
def test_rejected(args: list[str], message: str) -> None:
    with pytest.raises(InputError, match=rf"^shop.yaml: beam.args: .*{message}"):
        check_beam_args("shop.yaml", args)
