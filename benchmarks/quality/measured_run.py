"""One run of the whole pipeline in its own process, with its time and peak memory."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.exit_codes import ExitCode
from schemas.steps import (
    CATALOGUE_EXAMPLE_GEN,
    EVALUATOR,
    INDEXER,
    INTERACTION_EXAMPLE_GEN,
    METRICS_FILE,
    RUN_FILE,
    TRAINER,
)

_ROOT = Path(__file__).parents[2]
# Exit codes of a run that was evaluated.
_MEASURED = (ExitCode.PUSHED, ExitCode.MODEL_REJECTED)
_SECONDS_BETWEEN_SAMPLES = 0.5
_LOG_LINES_SHOWN = 25
_STEPS = {
    "ingestion": (CATALOGUE_EXAMPLE_GEN, INTERACTION_EXAMPLE_GEN),
    "training": (TRAINER,),
    "evaluation": (EVALUATOR,),
    "index": (INDEXER,),
}
REST = "rest"
WHOLE = "whole"


class RunFailedError(RuntimeError):
    """Raised when the pipeline ends without metrics."""


@dataclass(frozen=True)
class MeasuredRun:
    """The results of one run.

    Attributes:
      seed: Seed of training.
      command: The shell command of the run.
      exit_code: Exit code of `twotower run`: pushed, or evaluated and rejected by a gate.
      seconds: Wall time of the whole process.
      peak_memory_bytes: Peak memory of the process and its descendants.
      metrics: The content of `metrics.json`.
      record: The content of `run.json`.
    """

    seed: int
    command: str
    exit_code: int
    seconds: float
    peak_memory_bytes: int
    metrics: dict[str, Any]
    record: dict[str, Any]

    @property
    def step_seconds(self) -> dict[str, float]:
        """The wall time by step; `rest` is the time outside these steps, start-up included."""
        by_component = {step["component"]: step["seconds"] for step in self.record["components"]}
        steps = {
            name: sum(by_component.get(component, 0.0) for component in components)
            for name, components in _STEPS.items()
        }
        return {**steps, REST: self.seconds - sum(steps.values()), WHOLE: self.seconds}

    def to_dict(self) -> dict[str, Any]:
        """Returns the results as JSON values."""
        return {
            "seed": self.seed,
            "command": self.command,
            "exit_code": self.exit_code,
            "verdict": self.record["verdict"],
            "seconds": {name: round(value, 3) for name, value in self.step_seconds.items()},
            "peak_memory_bytes": self.peak_memory_bytes,
            "config": self.record["config"],
            "versions": self.record["versions"],
            "ingestion": self.record["ingestion"],
            "training": self.record["training"],
            "metrics": self.metrics,
        }


def run_pipeline(config: Path, output: Path, seed: int, overrides: Sequence[str]) -> MeasuredRun:
    """Runs `twotower run`, whose progress goes to stderr, and returns its results.

    Args:
      config: A configuration.
      output: The run folder.
      seed: Seed of training.
      overrides: Settings as `key.sub=value`.

    Raises:
      RunFailedError: The run ended without metrics; the message contains the cause and the end of
        the log.
    """
    arguments = ["run", str(config), "--output", str(output)]
    for override in (*overrides, f"train.seed={seed}"):
        arguments += ["--set", override]
    begin = time.monotonic()
    exit_code, peak_memory_bytes = _run_command([sys.executable, "-m", "pipeline.cli", *arguments])
    seconds = time.monotonic() - begin
    metrics, record = _read_json(output / METRICS_FILE), _read_json(output / RUN_FILE)
    if exit_code not in _MEASURED or metrics is None or record is None or metrics["test"] is None:
        raise RunFailedError(_failure_message(exit_code, record, output / "run.log"))
    command = shlex.join(["twotower", *arguments])
    return MeasuredRun(seed, command, exit_code, seconds, peak_memory_bytes, metrics, record)


def _run_command(command: list[str]) -> tuple[int, int]:
    """Runs a command and returns its exit code and the peak memory of its processes in bytes."""
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    peak = 0
    # The results are read from files, so that the summary on stdout is not needed.
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": path}
    ) as process:
        try:
            while process.poll() is None:
                peak = max(peak, tree_memory_bytes(process.pid))
                time.sleep(_SECONDS_BETWEEN_SAMPLES)
        finally:
            process.terminate()
    return process.returncode, peak


def tree_memory_bytes(root: int) -> int:
    """Returns the memory of a process and its descendants in bytes.

    The result is the larger of two values: their current memory in total, and the highest peak of
    a single process, which the kernel records. Memory that processes share counts for each of them.

    Args:
      root: Id of the process.
    """
    children: dict[int, list[int]] = {}
    memory: dict[int, tuple[int, int]] = {}
    for process, parent, resident, peak in _processes():
        children.setdefault(parent, []).append(process)
        memory[process] = (resident, peak)
    tree, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, [])
        tree.append(memory.get(process, (0, 0)))
    return max(sum(resident for resident, _ in tree), *(peak for _, peak in tree))


def _processes() -> Iterator[tuple[int, int, int, int]]:
    """Yields (id, parent id, resident bytes, peak resident bytes) of all processes; see proc(5)."""
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            lines = Path(entry.path, "status").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue  # the process has ended
        facts = dict(line.split(":", 1) for line in lines)
        resident, peak = (int(facts.get(key, "0").split()[0]) * 1024 for key in ("VmRSS", "VmHWM"))
        yield int(entry.name), int(facts["PPid"]), resident, peak


def _read_json(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _failure_message(exit_code: int, record: dict[str, Any] | None, log: Path) -> str:
    parts = [f"`twotower run` ended with exit code {exit_code} and without metrics"]
    if record is not None:
        verdict = record["verdict"]
        parts.append(f"{verdict['headline']}. {verdict['cause']}")
    if log.is_file():
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
        parts.append("\n".join((f"the end of {log}:", *tail)))
    return "\n".join(parts)
