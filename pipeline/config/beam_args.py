"""Arguments for Apache Beam, checked where the configuration is read.

Beam itself drops what it does not know with a warning in the log, and notices the rest when the
first step that uses Beam has started.
"""

import argparse
import difflib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from schemas.errors import InputError

if TYPE_CHECKING:
    from apache_beam.runners.runner import PipelineRunner

_MIN_LIKENESS = 0.8
_TEMPORARY = ("temp_location", "staging_location")


def check_beam_args(path: str, args: Sequence[str]) -> None:
    """Checks `beam.args` without starting anything.

    A job server (Flink, Spark, PortableRunner) has options that Beam's Python side learns from it
    only when the job is submitted, so an unknown name passes with these runners unless it looks
    like a misspelt known one. Everywhere else Beam must know it, in full.

    Args:
      path: The configuration they come from, for the message.
      args: As they stand in the configuration.

    Raises:
      InputError: Names the arguments that are unknown or misspelt, the one whose value Beam does
        not take or whose runner cannot be made, or says what Beam's own validation says.
    """
    if not args:
        return
    # Beam takes seconds to import, and few configurations have arguments for it.
    from apache_beam.runners.portability.portable_runner import PortableRunner

    # Making a runner can register options of its own: the names are checked after it.
    try:
        runner = _runner(_parse(args)[0].runner)
        asks_job_server = isinstance(runner, PortableRunner)
        problems = list(_unknown(_parse(args)[1], asks_job_server)) or list(_invalid(args, runner))
    except InputError as error:
        problems = [str(error)]
    if problems:
        raise InputError(f"{path}: beam.args: {'; '.join(problems)}")


def _parser() -> argparse.ArgumentParser:
    """A parser of every option that Beam knows in this environment."""
    from apache_beam.options.pipeline_options import PipelineOptions

    found: list[argparse.ArgumentParser] = []
    PipelineOptions([]).get_all_options(add_extra_args_fn=found.append)
    parser = found[0]
    # An abbreviation means different things to different parts of Beam.
    parser.allow_abbrev = False
    parser.exit_on_error = False  # type: ignore[attr-defined]
    return parser


def _parse(args: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options that Beam knows, and what is left of the arguments."""
    for argument in args:
        if argument in ("-h", "--help"):
            raise InputError(f"{argument} runs nothing; take it out")
    try:
        return _parser().parse_known_args(list(args))
    except (argparse.ArgumentError, ValueError) as error:
        raise InputError(str(error)) from error


def _runner(name: str | None) -> "PipelineRunner":
    from apache_beam.options.pipeline_options import StandardOptions
    from apache_beam.runners.runner import create_runner

    try:
        return create_runner(name or StandardOptions.DEFAULT_RUNNER)
    except (AttributeError, ImportError, ValueError) as error:
        raise InputError(f"--runner={name}: no such runner: {error}") from error


def _unknown(arguments: Sequence[str], asks_job_server: bool) -> Iterator[str]:
    """Which arguments that Beam does not know cannot stay."""
    known = re.findall(r"--[\w-]+", _parser().format_usage())
    for argument in arguments:
        name = argument.partition("=")[0]
        if not name.startswith("--"):
            if not asks_job_server:
                yield f"{argument!r} is no argument: write --name=value"
            continue
        starts = [option for option in known if option.startswith(name)]
        likely = starts or difflib.get_close_matches(name, known, n=1, cutoff=_MIN_LIKENESS)
        if likely:
            yield f"{name}: Apache Beam knows no such option; did you mean {likely[0]}?"
        elif not asks_job_server:
            yield f"{name}: Apache Beam knows no such option"


def _invalid(args: Sequence[str], runner: "PipelineRunner") -> Iterator[str]:
    """What Beam would reject when it makes a pipeline."""
    from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
    from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator

    # In a dry run the validation looks at no bucket.
    options = PipelineOptions([*args, "--dry_run=True"])
    validator = PipelineOptionsValidator(options, runner)
    if validator.is_service_runner():
        # Without a folder for temporary files it would make a bucket.
        cloud = options.view_as(GoogleCloudOptions)
        places = {key: validator.validate_gcs_path(cloud, key) for key in _TEMPORARY}
        if all(places.values()):
            given = [key for key in _TEMPORARY if getattr(cloud, key)]
            yield from places[given[0] if given else _TEMPORARY[0]]
            return
    yield from validator.validate()
