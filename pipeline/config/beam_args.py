"""Checks of the arguments for Apache Beam when the configuration is read.

Beam itself only logs a warning about unknown arguments, and reports invalid values when the first
step that uses Beam starts.
"""

import argparse
import difflib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.config.beam_runners import check_runner
from pipeline.config.worker_dependencies import dependency_problems
from schemas.errors import InputError
from schemas.version_set import running_python

if TYPE_CHECKING:
    from apache_beam.runners.runner import PipelineRunner

_MIN_SIMILARITY = 0.8
_TEMPORARY_FOLDERS = ("temp_location", "staging_location")


def check_beam_args(path: str, args: Sequence[str], python: str | None = None) -> None:
    """Checks `beam.args` without running a pipeline.

    The options of a job server (Flink, Spark, PortableRunner) are unknown to Beam's Python SDK
    until a job is submitted. With these runners an unknown name is therefore accepted, unless it
    resembles a known one. With other runners every name must be a known, unabbreviated option.

    Args:
      path: The configuration file, for the message.
      args: The arguments in the configuration.
      python: The Python version of the version set, such as "3.10"; by default the running one.

    Raises:
      InputError: An argument is unknown or misspelt, a value is invalid, the runner is not
        supported or cannot be created, Beam's own validation fails, or workers cannot have the
        libraries.
    """
    if not args:
        return
    # The import of Beam takes seconds, and few configurations contain arguments for it.
    from apache_beam.runners.portability.portable_runner import PortableRunner

    # Creating a runner can register more options, so names are checked afterwards.
    try:
        runner = _runner(_parse(args)[0].runner)
        uses_job_server = isinstance(runner, PortableRunner)
        values, unknown = _parse(args)
        problems = (
            list(_unknown(unknown, uses_job_server))
            or list(_invalid(args, runner))
            or list(dependency_problems(values, runner, python or running_python()))
        )
    except InputError as error:
        problems = [str(error)]
    if problems:
        raise InputError(f"{path}: beam.args: {'; '.join(problems)}")


def _parser() -> argparse.ArgumentParser:
    """Returns a parser of all Beam options that are registered in this environment."""
    from apache_beam.options.pipeline_options import PipelineOptions

    parsers: list[argparse.ArgumentParser] = []
    PipelineOptions([]).get_all_options(add_extra_args_fn=parsers.append)
    parser = parsers[0]
    # Parts of Beam interpret an abbreviation differently.
    parser.allow_abbrev = False
    parser.exit_on_error = False
    return parser


def _parse(args: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Returns the values of the known options, and the remaining arguments."""
    for argument in args:
        if argument in ("-h", "--help"):
            raise InputError(f"{argument}: is not an option of a pipeline; remove it")
    try:
        return _parser().parse_known_args(list(args))
    except (argparse.ArgumentError, ValueError) as error:
        raise InputError(str(error)) from error


def _runner(name: str | None) -> "PipelineRunner":
    from apache_beam.options.pipeline_options import StandardOptions
    from apache_beam.runners.runner import create_runner

    check_runner(name)
    try:
        return create_runner(name or StandardOptions.DEFAULT_RUNNER)
    except (AttributeError, ImportError, ValueError) as error:
        raise InputError(f"--runner={name}: cannot be created: {error}") from error


def _unknown(arguments: Sequence[str], uses_job_server: bool) -> Iterator[str]:
    """Yields a message for each unknown argument that is not accepted."""
    known = re.findall(r"--[\w-]+", _parser().format_usage())
    for argument in arguments:
        name = argument.partition("=")[0]
        if not name.startswith("--"):
            if not uses_job_server:
                yield f"{argument!r}: is not an argument; write --name=value"
            continue
        extensions = [option for option in known if option.startswith(name)]
        similar = extensions or difflib.get_close_matches(name, known, n=1, cutoff=_MIN_SIMILARITY)
        if similar:
            yield f"{name}: Apache Beam has no such option; did you mean {similar[0]}?"
        elif not uses_job_server:
            yield f"{name}: Apache Beam has no such option; remove it"


def _invalid(args: Sequence[str], runner: "PipelineRunner") -> Iterator[str]:
    """Yields the messages of the validation that Beam performs when it creates a pipeline."""
    from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
    from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator

    # In a dry run the validation does not access buckets.
    options = PipelineOptions([*args, "--dry_run=True"])
    validator = PipelineOptionsValidator(options, runner)
    if validator.is_service_runner():
        # Without a folder for temporary files, Beam's validation would create a bucket.
        cloud = options.view_as(GoogleCloudOptions)
        problems = {key: validator.validate_gcs_path(cloud, key) for key in _TEMPORARY_FOLDERS}
        if all(problems.values()):
            given = [key for key in _TEMPORARY_FOLDERS if getattr(cloud, key)]
            yield from problems[given[0] if given else _TEMPORARY_FOLDERS[0]]
            return
    yield from validator.validate()
