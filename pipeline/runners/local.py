"""Runs the pipeline on this machine: LocalDagRunner, SQLite metadata, and a report in any case."""

import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import absl.logging
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import metadata
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline

from components.fragment import read_fragment
from components.run_reporter.component import RunReporter
from pipeline.console import Console
from pipeline.exit_codes import ExitCode, error_message, exit_code
from pipeline.graph import LaunchFacts, pipeline_nodes
from pipeline.paths import RunPaths, run_paths
from pipeline.runners.code_version import code_version
from pipeline.runners.launch import launch_facts, unread_facts
from pipeline.runners.progress import ProgressHandler
from pipeline.runners.steps import Step, read_steps
from pipeline.runners.write_record import run_record
from schemas.errors import InputError
from schemas.settings import Settings
from schemas.steps import PUSHER

_logger = logging.getLogger(__name__)
Build = tuple[LaunchFacts, list[BaseNode]]


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    code: ExitCode
    error: str | None
    paths: RunPaths
    steps: list[Step] = field(default_factory=list)

    def output_uri(self, component: str, key: str) -> str | None:
        """The URI of a component's output in this run, or None where it has none."""
        for step in self.steps:
            if step.component == component and step.outputs.get(key):
                return step.outputs[key][0]
        return None


def run_local(settings: Settings, config_path: str, console: Console) -> RunOutcome:
    """Runs every component, then RunReporter whatever happened.

    Args:
      settings: Validated settings.
      config_path: The file they came from, for the record.
      console: Where progress goes.

    Returns:
      The outcome; an error is in it, not raised.

    Raises:
      InputError: Another run is using the run directory.
    """
    paths = run_paths(settings)

    def build() -> Build:
        facts = launch_facts(settings)
        return facts, pipeline_nodes(settings, paths, facts)

    return run_pipeline(settings.name, build, settings, config_path, paths, console)


def run_pipeline(
    name: str,
    build: Callable[[], Build],
    settings: Settings,
    config_path: str,
    paths: RunPaths,
    console: Console,
) -> RunOutcome:
    """Runs the steps of a pipeline that ends with VersionedPusher, then RunReporter.

    Args:
      name: The pipeline's name in the metadata.
      build: Looks at the inputs and gives the steps; its errors are reported as theirs are.
      settings: Validated settings.
      config_path: The file they came from, for the record.
      paths: Where things go.
      console: Where progress goes.

    Returns:
      The outcome; an error is in it, not raised.

    Raises:
      InputError: Another run is using the run directory.
    """
    os.makedirs(paths.output, exist_ok=True)
    with _exclusive(paths.output), _progress(console) as progress:
        started_s = time.time()
        facts, nodes = unread_facts(), list[BaseNode]()
        error: BaseException | None = None
        try:
            facts, nodes = build()
            progress.components = len(nodes) + 1
            _run(name, nodes, settings, paths)
        except Exception as caught:
            # Reported below and turned into the exit code: no error of a step ends the process
            # before the run's report is written.
            _logger.exception("the run failed")
            error = caught
        steps = _steps(name, paths, nodes, started_s, error)
        outcome = _outcome(error, steps, paths)
        record = run_record(settings, config_path, paths, started_s, outcome.code, error, steps)
        _report(name, settings, paths, facts, outcome.steps, record)
        return outcome


def _run(name: str, nodes: list[BaseNode], settings: Settings, paths: RunPaths) -> None:
    pipeline = Pipeline(
        pipeline_name=name,
        pipeline_root=paths.pipeline_root,
        components=nodes,
        enable_cache=True,
        metadata_connection_config=metadata.sqlite_metadata_connection_config(paths.metadata),
        beam_pipeline_args=list(settings.beam.args),
    )
    LocalDagRunner().run(pipeline)


def _report(
    name: str,
    settings: Settings,
    paths: RunPaths,
    facts: LaunchFacts,
    steps: list[Step],
    record: dict[str, Any],
) -> None:
    reporter = RunReporter(
        steps=json.dumps([step.to_dict() for step in steps]),
        run=json.dumps(record),
        output_dir=os.path.abspath(paths.record),
        code_version=code_version("run_reporter"),
        launch=facts.launch,
    )
    _run(f"{name}-report", [reporter], settings, paths)


def _steps(
    name: str,
    paths: RunPaths,
    nodes: list[BaseNode],
    started_s: float,
    error: BaseException | None,
) -> list[Step]:
    if not os.path.exists(paths.metadata):
        return []
    steps = read_steps(paths.metadata, name, [node.id for node in nodes], started_s)
    message = error_message(error) if error else None
    return [
        Step(step.component, step.status, step.seconds, step.outputs, message)
        if step.status == "failed"
        else step
        for step in steps
    ]


def _outcome(error: BaseException | None, steps: list[Step], paths: RunPaths) -> RunOutcome:
    if error is not None:
        return RunOutcome(exit_code(error), error_message(error), paths, steps)
    outcome = RunOutcome(ExitCode.PUSHED, None, paths, steps)
    fragment = _fragment(outcome.output_uri(PUSHER, "pushed_model"))
    if fragment["pushed"]:
        return outcome
    return RunOutcome(ExitCode.MODEL_REJECTED, str(fragment["reason"]), paths, steps)


def _fragment(uri: str | None) -> dict[str, Any]:
    fragment = read_fragment(uri) if uri else None
    if fragment is None:
        raise RuntimeError(f"{PUSHER} left no fragment at {uri}")
    return fragment


@contextmanager
def _exclusive(output: str) -> Iterator[None]:
    """Two runs into one directory would mix their metadata and their reports."""
    with open(os.path.join(output, ".lock"), "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{output}: another run is using this directory; wait for it, or give --output"
            ) from None
        yield


@contextmanager
def _progress(console: Console) -> Iterator[ProgressHandler]:
    # absl applies its own level once a library makes it read its flags, and the runner logs there.
    absl.logging.set_verbosity(absl.logging.INFO)
    handler = ProgressHandler(console.progress)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
