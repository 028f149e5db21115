"""`beam.args` whose workers cannot have the libraries are rejected, and no others, on both sets."""

from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import create_runner
from apache_beam.transforms.environments import DockerEnvironment
from tfx.utils import dependency_utils

from pipeline.config.beam_args import check_beam_args
from schemas.errors import InputError
from schemas.version_set import declared_sets

ROOT = Path(__file__).parents[3]
OWN_SETUP = f"--setup_file={ROOT / 'setup.py'}"
DATAFLOW = [
    "--runner=DataflowRunner",
    "--project=shop-prod",
    "--region=europe-west4",
    "--temp_location=gs://shop/tmp",
]
FLINK = ["--runner=FlinkRunner", "--flink_master=http://flink:8081"]
SPARK = ["--runner=SparkRunner", "--spark_master_url=spark://spark:7077"]
PORTABLE = ["--runner=PortableRunner", "--job_endpoint=server:8099"]
IMAGE = "--sdk_container_image=shop/worker:1"
DOCKER = ["--environment_type=DOCKER", "--environment_config=shop/worker:1"]
PYTHONS = ["3.10", "3.12"]


def files(folder: Path) -> dict[str, str]:
    """Writes files of packages; returns their paths by the names that the cases use."""
    texts = {
        "OTHER_SETUP": ("other/setup.py", 'from setuptools import setup\nsetup(name="helpers")'),
        "OWN_PROJECT": ("own/pyproject.toml", '[project]\nname = "twotower"'),
        "LOCK": ("python.lock", "# solved\ntensorflow==2.20.0\n    # via tfx\nTFX==1.21.0\n"),
        "NESTED": ("nested.txt", "-r python.lock\n"),
        "OWN_PATH": ("path.txt", "./dist/twotower-0.1.0-py3-none-any.whl\n"),
        "OWN": ("own.txt", "twotower @ git+https://example.com/twotower\n"),
        "OTHER": ("other.txt", "--pre\nhelpers[all]>=1 ; python_version > '3'\ntfx-helpers\n"),
        "OTHER_PACKAGE": ("helpers-1.tar.gz", ""),
        "OWN_PACKAGE": ("twotower-0.1.0-py3-none-any.whl", ""),
        "ABSENT": ("absent/setup.py", None),
    }
    for name, text in texts.values():
        if text is not None:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
    return {key: str(folder / name) for key, (name, _) in texts.items()}


def check(folder: Path, args: list[str], python: str) -> None:
    paths = files(folder)
    named = (argument.partition("=") for argument in args)
    check_beam_args("c", [f"{k}{s}{paths.get(value, value)}" for k, s, value in named], python)


ACCEPTED = [
    # Processes of this machine, whatever pip would do elsewhere.
    [],
    ["--runner=DirectRunner", OWN_SETUP],
    ["--direct_running_mode=in_memory", "--direct_num_workers=1"],
    ["--direct_running_mode=multi_threading", "--direct_num_workers=2"],
    ["--direct_running_mode=multi_processing", "--direct_num_workers=2", OWN_SETUP],
    ["--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"],
    ["--runner=PrismRunner"],
    ["--runner=prism", OWN_SETUP],
    ["--runner=FlinkRunner"],
    ["--runner=flink", "--flink_master=[local]", OWN_SETUP],
    ["--runner=FlinkRunner", "--flink_master=[auto]", "--requirements_file=LOCK"],
    ["--runner=SparkRunner"],
    ["--runner=SparkRunner", "--spark_master_url=local[*]"],
    ["--runner=PortableRunner", "--job_endpoint=embed"],
    [*FLINK, "--environment_type=LOOPBACK"],
    [*PORTABLE, "--environment_type=LOOPBACK", OWN_SETUP],
    ["--runner=PortableRunner", "--environment_type=beam:env:embedded_python:v1"],
    # Workers that exist already.
    [*PORTABLE, "--environment_type=EXTERNAL", "--environment_config=localhost:50000", IMAGE],
    [*SPARK, "--environment_type=PROCESS", '--environment_config={"command": "/opt/boot"}', IMAGE],
    # Containers of an own image.
    [*DATAFLOW, IMAGE],
    [*DATAFLOW, "--worker_harness_container_image=shop/worker:1"],
    [*DATAFLOW, IMAGE, "--prebuild_sdk_container_engine=cloud_build"],
    [*FLINK, *DOCKER, IMAGE],
    [*SPARK, "--environment_config=shop/worker:1", IMAGE],
    [*PORTABLE, IMAGE, "--prebuild_sdk_container_engine=local_docker"],
    # Packages of another project, in addition to an own image.
    [*DATAFLOW, IMAGE, "--setup_file=OTHER_SETUP"],
    [*DATAFLOW, IMAGE, "--requirements_file=OTHER"],
    [*FLINK, *DOCKER, "--extra_package=OTHER_PACKAGE"],
    # What packages of another project install is not known.
    [*DATAFLOW, "--setup_file=OTHER_SETUP"],
    [*FLINK, "--extra_package=OTHER_PACKAGE"],
]


# Without --sdk_container_image, TFX adds a package of itself, which pip installs on the workers.
WITHOUT_SDK_IMAGE = [
    [*PORTABLE, "--environment_type=EXTERNAL", "--environment_config=localhost:50000"],
    [*FLINK, "--environment_type=PROCESS", "--environment_options=process_command=/opt/boot"],
    [*FLINK, *DOCKER],
    [*SPARK, "--environment_config=shop/worker:1"],
    [*PORTABLE, "--environment_type=DOCKER", "--environment_options=docker_container_image=a/b"],
    [*PORTABLE, "--environment_type=beam:env:docker:v1", "--environment_config=shop/worker:1"],
    [*DATAFLOW, "--sdk_harness_container_image_overrides=.*python.*,shop/worker:1"],
]


@pytest.mark.parametrize("args", WITHOUT_SDK_IMAGE, ids=" ".join)
def test_a_package_of_tfx_is_rejected_for_the_set_that_it_would_change(
    tmp_path: Path, args: list[str]
) -> None:
    check(tmp_path, args, "3.10")
    with pytest.raises(InputError, match=r"package of TFX .* pass --sdk_container_image=IMAGE"):
        check(tmp_path, args, "3.12")
    check(tmp_path, [*args, IMAGE], "3.12")


def test_tfx_adds_a_package_of_itself_unless_an_image_is_named() -> None:
    # Of TFX, not of this project: if it changes, the message above is wrong.
    declared = dependency_utils.make_beam_dependency_flags(["--runner=FlinkRunner", IMAGE])
    assert not any(flag.startswith("--extra_package") for flag in declared)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("args", ACCEPTED, ids=" ".join)
def test_accepted_on_both_sets(tmp_path: Path, args: list[str], python: str) -> None:
    check(tmp_path, args, python)


NO_IMAGE = [
    (DATAFLOW, "--runner=DataflowRunner"),
    ([*DATAFLOW, "--prebuild_sdk_container_engine=cloud_build"], "--runner=DataflowRunner"),
    (
        [*DATAFLOW, "--sdk_container_image=apache/beam_python3.12_sdk:2.77.0"],
        "--runner=DataflowRunner",
    ),
    (
        [*DATAFLOW, "--sdk_container_image=gcr.io/cloud-dataflow/v1beta3/beam_python3.12_sdk"],
        "--runner=DataflowRunner",
    ),
    ([*DATAFLOW, *DOCKER], "--runner=DataflowRunner"),
    (FLINK, "--runner=FlinkRunner, --environment_type=DOCKER"),
    (SPARK, "--runner=SparkRunner, --environment_type=DOCKER"),
    (PORTABLE, "--runner=PortableRunner, --environment_type=DOCKER"),
    ([*PORTABLE, "--environment_type=DOCKER"], "--runner=PortableRunner"),
    (["--runner=prism", "--environment_type=DOCKER"], "--runner=prism, --environment_type=DOCKER"),
    (["--runner=FlinkRunner", "--environment_type=DOCKER"], "--runner=FlinkRunner"),
    (["--runner=FlinkRunner", "--output_executable_path=job.jar"], "--runner=FlinkRunner"),
    ([*FLINK, "--environment_config=apache/beam_python3.10_sdk:2.64.0"], "--runner=FlinkRunner"),
    ([*FLINK, IMAGE], "--sdk_container_image=shop/worker:1 has no effect"),
]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("args", "named"), NO_IMAGE, ids=lambda value: " ".join(value)[:60])
def test_default_image_is_rejected_on_both_sets(
    tmp_path: Path, args: list[str], named: str, python: str
) -> None:
    with pytest.raises(InputError) as caught:
        check(tmp_path, args, python)

    message = str(caught.value)
    assert message.startswith("c: beam.args: --runner=")
    assert named in message
    assert "default image, which contains neither twotower nor its libraries" in message
    assert f"requirements/python{python}.lock" in message
    assert "--sdk_container_image=IMAGE" in message
    assert ("--environment_config=IMAGE" in message) is (args[0] != DATAFLOW[0])
    assert ("--setup_file=./setup.py" in message) is (python == "3.10")


BY_PIP = [
    ([*DATAFLOW, OWN_SETUP], OWN_SETUP),
    ([*FLINK, OWN_SETUP], OWN_SETUP),
    ([*PORTABLE, "--setup_file=OWN_PROJECT"], "/own/pyproject.toml"),
    ([*DATAFLOW, "--setup_file=ABSENT"], "/absent/setup.py"),
    ([*DATAFLOW, "--requirements_file=LOCK"], "/python.lock"),
    ([*DATAFLOW, "--requirements_file=OWN"], "/own.txt"),
    ([*DATAFLOW, "--requirements_file=OTHER"], "/other.txt"),
    ([*FLINK, "--extra_package=OWN_PACKAGE"], "/twotower-0.1.0-py3-none-any.whl"),
    ([*DATAFLOW, IMAGE, OWN_SETUP], OWN_SETUP),
    ([*FLINK, *DOCKER, IMAGE, OWN_SETUP], OWN_SETUP),
    ([*DATAFLOW, IMAGE, "--requirements_file=LOCK"], "/python.lock"),
    ([*DATAFLOW, IMAGE, "--requirements_file=OWN"], "/own.txt"),
    ([*DATAFLOW, IMAGE, "--requirements_file=OWN_PATH"], "/path.txt"),
    ([*DATAFLOW, IMAGE, "--requirements_file=NESTED"], "/nested.txt"),
    ([*DATAFLOW, IMAGE, "--extra_package=OWN_PACKAGE"], "/twotower-0.1.0-py3-none-any.whl"),
    ([*DATAFLOW, "--prebuild_sdk_container_engine=cloud_build", OWN_SETUP], OWN_SETUP),
]


@pytest.mark.parametrize(("args", "named"), BY_PIP, ids=lambda value: " ".join(value)[-60:])
def test_pip_on_workers_is_rejected_for_the_set_that_it_cannot_install(
    tmp_path: Path, args: list[str], named: str
) -> None:
    check(tmp_path, args, "3.10")
    with pytest.raises(InputError) as caught:
        check(tmp_path, args, "3.12")

    (message,) = str(caught.value).split("c: beam.args: ")[1:]
    assert message.startswith(("--setup_file=", "--requirements_file=", "--extra_package="))
    assert named in message.partition(": pip")[0]
    assert "cannot install python3.12 (TFX 1.21 requires TensorFlow 2.21" in message
    assert "requirements/python3.12.lock" in message
    has_image = IMAGE in args
    assert ("remove it" in message) is has_image
    assert ("--sdk_container_image=IMAGE" in message) is not has_image


def test_each_argument_is_named(tmp_path: Path) -> None:
    args = [*DATAFLOW, OWN_SETUP, "--requirements_file=LOCK", "--extra_package=OWN_PACKAGE"]
    with pytest.raises(InputError) as caught:
        check(tmp_path, args, "3.12")
    assert str(caught.value).count("cannot install python3.12") == 3


def test_reason_states_the_tensorflow_of_the_set() -> None:
    assert declared_sets().pins("3.12")["tensorflow"].startswith("2.20.")
    assert declared_sets().pins("3.12")["tfx"].startswith("1.21.")


def test_beam_uses_the_default_image_for_a_portable_runner_with_an_sdk_image() -> None:
    # Of Beam, not of this project: if it changes, the message about no effect is wrong.
    flags = ["--experiments=disable_logging_submission_environment", IMAGE]
    environment = create_runner("PortableRunner").default_environment(PipelineOptions(flags))
    assert isinstance(environment, DockerEnvironment)
    assert environment.container_image == DockerEnvironment.default_docker_image()
