"""Which runners of Apache Beam are refused, and why."""

import pytest
from apache_beam.options.pipeline_options import StandardOptions
from apache_beam.runners.runner import PipelineRunner, create_runner

from pipeline.config.beam_runners import check_runner
from schemas.errors import InputError

SUPPORTED = {"direct", "bundlebaseddirect", "switchingdirect", "portable", "flink", "spark"}
SUPPORTED |= {"prism", "dataflow"}


@pytest.mark.parametrize("path", StandardOptions.ALL_KNOWN_RUNNERS)
def test_of_the_runners_that_beam_knows_only_those_in_the_list_are_accepted(path: str) -> None:
    runner = path.rpartition(".")[2]
    short = runner.lower().removesuffix("runner")
    for name in (path, runner, runner.lower(), short):
        if short in SUPPORTED:
            check_runner(name)
        else:
            with pytest.raises(InputError, match=f"--runner={name}: "):
                check_runner(name)


def test_the_default_is_accepted() -> None:
    check_runner(None)


def test_beam_can_create_the_runners_that_the_message_names() -> None:
    with pytest.raises(InputError) as caught:
        check_runner("")

    for name in str(caught.value).rpartition("use one of ")[2].split(", "):
        check_runner(name)
        assert isinstance(create_runner(name), PipelineRunner)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("DaskRunner", "wrong results: each tagged output"),
        ("apache_beam.runners.dask.dask_runner.DaskRunner", "wrong results: each tagged output"),
        ("beam_pyspark_runner.pyspark_runner.PySparkRunner", "wrong results.*use SparkRunner"),
        ("ray_beam_runner.portability.ray_runner.RayFnApiRunner", "pyarrow"),
        ("PySpark", "wrong results.*use SparkRunner"),
        ("mine.DirectRunner", "is not supported"),
        ("mine.arrayrunner.SuperRunner", "is not supported"),
        ("FnApiRunner", "is not supported"),
        ("", "is not supported"),
    ],
)
def test_a_refused_runner_is_named_with_the_reason_and_the_alternatives(
    name: str, reason: str
) -> None:
    with pytest.raises(
        InputError, match=f"^--runner={name}: .*{reason}.*; use one of DirectRunner"
    ):
        check_runner(name)
