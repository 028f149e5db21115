"""Runs a pipeline on this machine with LocalDagRunner and SQLite metadata.

RunReporter runs last, also after an error, so that every run has a report.
"""

import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import absl.logging
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import metadata
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline

from components.fragment import read_fragment
from components.run_reporter.component import RunReporter
from pipeline.console import Console
from pipeline.exit_codes import ExitCode, error_message, exit_code
from pipeline.graph import pipeline_nodes
from pipeline.paths import RunPaths, run_paths
from pipeline.runners.cache_keys import CacheKeys, cache_keys, placeholder_cache_keys
from pipeline.runners.code_version import code_version
from pipeline.runners.peak_memory import PeakMemoryHandler
from pipeline.runners.progress import ProgressHandler
from pipeline.runners.provenance import origin
from pipeline.runners.step_results import StepResult, last_durations, read_step_results
from pipeline.runners.warm_start import with_warm_start
from pipeline.runners.write_record import run_record
from schemas.errors import InputError
from schemas.settings import Settings
from schemas.steps import PUSHER

_logger = logging.getLogger(__name__)
HandlerT = TypeVar("HandlerT", bound=logging.Handler)
KeysAndNodes = tuple[CacheKeys, list[BaseNode]]


@dataclass(frozen=True)
class RunOutcome:
    """The outcome of a run.

    Attributes:
      code: Exit code of the command.
      error: Message of the error or rejection that ended the run, if any.
      paths: Paths of the run.
      steps: Results of the steps.
    """

    code: ExitCode
    error: str | None
    paths: RunPaths
    steps: list[StepResult] = field(default_factory=list)

    def output_uri(self, component: str, key: str) -> str | None:
        """Returns the URI of a component's output in this run, or None without such an output."""
        for step in self.steps:
            if step.component == component and step.outputs.get(key):
                return step.outputs[key][0]
        return None


def run_local(settings: Settings, config_path: str, console: Console) -> RunOutcome:
    """Runs the whole pipeline, then RunReporter.

    Args:
      settings: Validated settings.
      config_path: The configuration file, for run.json.
      console: Receives progress.

    Returns:
      The outcome. An error of a step is part of the outcome and is not raised.

    Raises:
      InputError: Another run is using the run directory.
    """
    paths = run_paths(settings)

    def build() -> KeysAndNodes:
        keys = with_warm_start(cache_keys(settings), settings, paths)
        return keys, pipeline_nodes(settings, paths, keys)

    return run_pipeline(settings.name, build, settings, config_path, paths, console)


def run_pipeline(
    name: str,
    build: Callable[[], KeysAndNodes],
    settings: Settings,
    config_path: str,
    paths: RunPaths,
    console: Console,
) -> RunOutcome:
    """Runs the components of a pipeline that ends with VersionedPusher, then RunReporter.

    Args:
      name: Name of the pipeline in the metadata store.
      build: Reads the inputs and returns the cache keys and the components. An error that it raises
        is reported in the same way as an error of a component.
      settings: Validated settings.
      config_path: The configuration file, for run.json.
      paths: Paths of the run.
      console: Receives progress.

    Returns:
      The outcome. An error of a step is part of the outcome and is not raised.

    Raises:
      InputError: Another run is using the run directory.
    """
    os.makedirs(paths.run_dir, exist_ok=True)
    memory = PeakMemoryHandler()
    with _run_lock(paths.run_dir), _progress_lines(console) as progress, _handler(memory):
        started_s = time.time()
        keys, nodes = placeholder_cache_keys(), list[BaseNode]()
        error: BaseException | None = None
        try:
            keys, nodes = build()
            durations = last_durations(paths.metadata, name, [node.id for node in nodes])
            progress.expect(len(nodes) + 1, durations)
            _run(name, nodes, settings, paths)
        except Exception as caught:
            # The error is reported below and decides the exit code. It must not end the process
            # before the report is written.
            _logger.exception("the run failed")
            error = caught
        memory.finish()
        steps = [
            replace(step, peak_bytes=memory.peak_bytes.get(step.component))
            for step in _step_results(name, paths, nodes, started_s, error)
        ]
        outcome = _outcome(error, steps, paths)
        record = run_record(settings, config_path, paths, started_s, outcome.code, error, steps)
        record["provenance"] = {**origin(keys), "launch": keys.launch_id}
        _report(name, settings, paths, keys, outcome.steps, record)
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
    keys: CacheKeys,
    steps: list[StepResult],
    record: dict[str, Any],
) -> None:
    reporter = RunReporter(
        steps=json.dumps([step.to_dict() for step in steps]),
        run=json.dumps(record),
        output_dir=os.path.abspath(paths.report_dir),
        code_version=code_version("run_reporter"),
        launch=keys.launch_id,
    )
    _run(f"{name}-report", [reporter], settings, paths)


def _step_results(
    name: str,
    paths: RunPaths,
    nodes: list[BaseNode],
    started_s: float,
    error: BaseException | None,
) -> list[StepResult]:
    if not os.path.exists(paths.metadata):
        return []
    steps = read_step_results(paths.metadata, name, [node.id for node in nodes], started_s)
    message = error_message(error) if error else None
    return [replace(step, error=message) if step.status == "failed" else step for step in steps]


def _outcome(error: BaseException | None, steps: list[StepResult], paths: RunPaths) -> RunOutcome:
    if error is not None:
        return RunOutcome(exit_code(error), error_message(error), paths, steps)
    outcome = RunOutcome(ExitCode.PUSHED, None, paths, steps)
    fragment = _push_fragment(outcome.output_uri(PUSHER, "pushed_model"))
    if fragment["pushed"]:
        return outcome
    return RunOutcome(ExitCode.MODEL_REJECTED, str(fragment["reason"]), paths, steps)


def _push_fragment(uri: str | None) -> dict[str, Any]:
    fragment = read_fragment(uri) if uri else None
    if fragment is None:
        raise RuntimeError(f"{PUSHER} wrote no fragment at {uri}")
    return fragment


@contextmanager
def _run_lock(run_dir: str) -> Iterator[None]:
    """Locks a run directory, since two runs would mix their metadata and their reports."""
    with open(os.path.join(run_dir, ".lock"), "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{run_dir}: another run is using this directory; wait for it to end, or give "
                "another --output"
            ) from None
        yield


@contextmanager
def _progress_lines(console: Console) -> Iterator[ProgressHandler]:
    # LocalDagRunner logs through absl, which resets its level when a library parses its flags.
    absl.logging.set_verbosity(absl.logging.INFO)
    with _handler(ProgressHandler(console.progress)) as handler:
        yield handler


@contextmanager
def _handler(handler: HandlerT) -> Iterator[HandlerT]:
    """Adds a handler to the root logger for the duration of the block."""
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
