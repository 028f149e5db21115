"""Arguments for Apache Beam with which its workers cannot have the libraries of this project.

Workers that start in containers have what their image contains and what pip installs when they
start. Only arguments that are certain to fail, or to replace libraries of the set, are rejected.
What a setup file or a package of another project installs is not known, so they are accepted.
Workers that are processes of this machine (DirectRunner, LOOPBACK) are not checked. Of workers that
exist already (EXTERNAL, PROCESS), only what pip would install there is.
"""

import argparse
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from schemas.version_set import DISTRIBUTION, lock_path, set_name

if TYPE_CHECKING:
    from apache_beam.runners.runner import PipelineRunner

# The members of these sets declare requirements that contradict the set. The lock is solved with
# overrides, which pip does not have.
_UNSOLVABLE_BY_PIP = {
    "3.12": "TFX 1.21 requires TensorFlow 2.21, but the set contains 2.20, which its ScaNN needs"
}
_CONTRADICTION = {"tfx", "tensorflow"}
# If none of these options is set, TFX adds a package of itself for pip on the workers
# (tfx/utils/dependency_utils.py).
_OPTIONS_WITH_DEPENDENCIES = (
    "extra_packages",
    "setup_file",
    "requirements_file",
    "worker_harness_container_image",
    "sdk_container_image",
)
_WORKERS_OF_THIS_MACHINE = ("LOOPBACK", "beam:env:embedded_python:v1")
_DATAFLOW_IMAGES = "gcr.io/cloud-dataflow/"
# Lines of a requirements file that name other files.
_NESTED = ("-r", "--requirement")
_DOCKER = ("DOCKER", "beam:env:docker:v1")
# The options on which the default environment of Beam's runners depends.
_ENVIRONMENT_OPTIONS = (
    "environment_type",
    "environment_config",
    "environment_options",
    "output_executable_path",
    "flink_master",
    "spark_master_url",
)
_REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_PROJECT_NAME = re.compile(rf"""\bname\s*=\s*["']{DISTRIBUTION}["']""")


@dataclass(frozen=True)
class _Containers:
    """The containers in which workers start.

    Attributes:
      described: The arguments that select the containers, for messages.
      has_own_image: Whether the image is another than Apache Beam's.
      image_arguments: The arguments that set another image, for messages.
      note: Why a given image has no effect, or "".
    """

    described: str
    has_own_image: bool
    image_arguments: str
    note: str = ""


def dependency_problems(
    values: argparse.Namespace, runner: "PipelineRunner", python: str
) -> Iterator[str]:
    """Yields a message for each reason for which workers cannot have the libraries.

    Args:
      values: The values of all options of Beam.
      runner: The runner that the options name.
      python: The Python version of the workers and of this process, such as "3.10".
    """
    containers = _containers(values, runner)
    conflict = _UNSOLVABLE_BY_PIP.get(python)
    if conflict and _gets_tfx_by_pip(values, runner, containers):
        yield (
            f"--runner={values.runner}: without --sdk_container_image, TFX has pip install a "
            f"package of TFX on each worker, and with it another TensorFlow ({conflict}); pass "
            f"--sdk_container_image=IMAGE, the image of the workers, in which {lock_path(python)} "
            "is installed with --no-deps"
        )
    if containers is None:
        return
    by_pip = [*_installs_set(values, containers.has_own_image)] if conflict else []
    for argument in by_pip:
        yield (
            f"{argument}: pip, which runs on each worker, cannot install {set_name(python)} "
            f"({conflict}; pip has no overrides); {_remedy(containers, python)}"
        )
    if by_pip or containers.has_own_image or _may_install_set(values, conflict is not None):
        return
    alternative = "" if conflict else ", or pass --setup_file=./setup.py"
    yield (
        f"{containers.described}: workers start in Apache Beam's default image, which contains "
        f"neither {DISTRIBUTION} nor its libraries{containers.note}; "
        f"{_remedy(containers, python)}{alternative}"
    )


def _gets_tfx_by_pip(
    values: argparse.Namespace, runner: "PipelineRunner", containers: _Containers | None
) -> bool:
    """Returns whether TFX adds a package of itself, and the workers install packages."""
    from apache_beam.runners.portability.portable_runner import PortableRunner

    if any(getattr(values, name) for name in _OPTIONS_WITH_DEPENDENCIES):
        return False
    if containers is not None:
        # Workers in the default image are rejected for another reason.
        return containers.has_own_image
    is_remote = isinstance(runner, PortableRunner) and values.job_endpoint != "embed"
    has_workers = values.environment_type not in (None, *_WORKERS_OF_THIS_MACHINE)
    return is_remote and has_workers


def _remedy(containers: _Containers, python: str) -> str:
    if containers.has_own_image:
        return f"remove it; the image needs {lock_path(python)}, installed with --no-deps"
    return (
        f"build an image in which {lock_path(python)} and {DISTRIBUTION} are installed with "
        "--no-deps (README, section On Dataflow, Flink and Spark) and pass "
        f"{containers.image_arguments}"
    )


def _containers(values: argparse.Namespace, runner: "PipelineRunner") -> _Containers | None:
    """Returns the containers of the workers; None if they need not start in containers."""
    from apache_beam.runners.portability.portable_runner import PortableRunner

    image = values.sdk_container_image or values.worker_harness_container_image
    # The import of DataflowRunner fails without Beam's extra for Google Cloud.
    if any(base.__name__ == "DataflowRunner" for base in type(runner).__mro__):
        described = f"--runner={values.runner}"
        # Dataflow replaces the images that match a pattern; the default image can be one.
        has_own_image = _is_own(image) or bool(values.sdk_harness_container_image_overrides)
        return _Containers(described, has_own_image, "--sdk_container_image=IMAGE")
    # Beam's embedded job server runs what is meant for the default image in its own process.
    if not isinstance(runner, PortableRunner) or values.job_endpoint == "embed":
        return None
    environment_image = _environment_image(values, runner)
    if environment_image is None:
        return None
    note = ""
    if values.prebuild_sdk_container_engine:
        environment_image = image
    elif _is_own(image) and not _is_own(environment_image):
        note = f"; --sdk_container_image={image} has no effect on containers of this runner"
    return _Containers(
        f"--runner={values.runner}, --environment_type=DOCKER",
        _is_own(environment_image),
        "--environment_type=DOCKER, --environment_config=IMAGE and --sdk_container_image=IMAGE",
        note,
    )


def _environment_image(values: argparse.Namespace, runner: "PipelineRunner") -> str | None:
    """Returns the image of a portable runner's workers, None if they are not in containers."""
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.transforms.environments import DockerEnvironment

    if values.environment_type and values.environment_type not in _DOCKER:
        return None
    # Without a type the runner decides: those with a master on this machine use LOOPBACK. The other
    # options are left out, because Beam builds and downloads packages for them. Nor need it list
    # the installed packages.
    options = PipelineOptions(
        ["--experiments=disable_logging_submission_environment"],
        **{name: getattr(values, name) for name in _ENVIRONMENT_OPTIONS},
    )
    environment = runner.default_environment(options)
    return environment.container_image if isinstance(environment, DockerEnvironment) else None


def _is_own(image: str | None) -> bool:
    from apache_beam.transforms.environments import is_apache_beam_container

    if not image or image.startswith(_DATAFLOW_IMAGES):
        return False
    return not is_apache_beam_container(image)


def _installs_set(values: argparse.Namespace, has_own_image: bool) -> Iterator[str]:
    """Yields the arguments with which pip installs this project or its libraries on a worker.

    A file that cannot be read here is taken for one that names them.
    """
    if values.setup_file and not _is_of_another_project(values.setup_file):
        yield f"--setup_file={values.setup_file}"
    if values.requirements_file:
        names = _required_names(values.requirements_file)
        # One pip command installs the whole file, so that it cannot replace an image.
        if not has_own_image or names is None or DISTRIBUTION in names or names >= _CONTRADICTION:
            yield f"--requirements_file={values.requirements_file}"
    for package in values.extra_packages or ():
        if os.path.basename(package).startswith(f"{DISTRIBUTION}-"):
            yield f"--extra_package={package}"


def _may_install_set(values: argparse.Namespace, is_unsolvable: bool) -> bool:
    """Returns whether pip may install this project on a worker without an image."""
    by_requirements = values.requirements_file and not is_unsolvable
    return bool(values.setup_file or values.extra_packages or by_requirements)


def _is_of_another_project(setup_file: str) -> bool:
    text = _read(setup_file)
    return text is not None and not _PROJECT_NAME.search(text)


def _required_names(requirements_file: str) -> set[str] | None:
    """Returns the names in a requirements file; None if it or a nested file is not read here."""
    text = _read(requirements_file)
    if text is None:
        return None
    lines = [line.partition(" #")[0].strip() for line in text.splitlines()]
    if any(line.startswith(_NESTED) for line in lines):
        return None
    matches = (_REQUIREMENT_NAME.match(line) for line in lines)
    names: set[str] = {canonicalize_name(match[0]) for match in matches if match}
    # A path or an address of this project, such as git+https://example.com/twotower.
    is_project = any(DISTRIBUTION in line for line in lines if not line.startswith("#"))
    return names | {DISTRIBUTION} if is_project else names


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
