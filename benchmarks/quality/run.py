"""One measured run of the whole pipeline, in a process of its own."""

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
    """The pipeline ended before there was anything to measure."""


@dataclass(frozen=True)
class Run:
    """What one run left.

    Attributes:
      seed: Of the training.
      command: To run it again, as a shell takes it.
      exit_code: Of `twotower run`: pushed, or rejected by a gate and measured all the same.
      seconds: Wall time of the whole process.
      peak_memory_bytes: Of the process and its descendants.
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
        """Wall time by step; `rest` is everything else, the start of the process included."""
        of_component = {step["component"]: step["seconds"] for step in self.record["components"]}
        steps = {
            name: sum(of_component.get(component, 0.0) for component in components)
            for name, components in _STEPS.items()
        }
        return {**steps, REST: self.seconds - sum(steps.values()), WHOLE: self.seconds}

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
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


def run_pipeline(config: Path, output: Path, seed: int, overrides: Sequence[str]) -> Run:
    """Runs `twotower run`; its progress goes to stderr.

    Args:
      config: A configuration.
      output: The run directory.
      seed: Of the training.
      overrides: `key.sub=value` texts.

    Raises:
      RunFailedError: It ended without metrics; the message says why and shows the log's end.
    """
    arguments = ["run", str(config), "--output", str(output)]
    for override in (*overrides, f"train.seed={seed}"):
        arguments += ["--set", override]
    began = time.monotonic()
    exit_code, peak_memory_bytes = _watched([sys.executable, "-m", "pipeline.cli", *arguments])
    seconds = time.monotonic() - began
    metrics, record = _read(output / METRICS_FILE), _read(output / RUN_FILE)
    if exit_code not in _MEASURED or metrics is None or record is None or metrics["test"] is None:
        raise RunFailedError(_failure(exit_code, record, output / "run.log"))
    command = shlex.join(["twotower", *arguments])
    return Run(seed, command, exit_code, seconds, peak_memory_bytes, metrics, record)


def _watched(command: list[str]) -> tuple[int, int]:
    """Runs a command to its end; returns its exit code and the peak memory of its tree, bytes."""
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    peak = 0
    # Its results go into the table; what it prints of them is of no use here.
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
    """The larger of what a process and its descendants hold now and of what one of them ever held.

    The kernel keeps each process's peak; that of their sum is only as fine as the samples. Pages
    that processes share count once for each of them.
    """
    children: dict[int, list[int]] = {}
    memory: dict[int, tuple[int, int]] = {}
    for process, parent, held, peak in _processes():
        children.setdefault(parent, []).append(process)
        memory[process] = (held, peak)
    tree, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, [])
        tree.append(memory.get(process, (0, 0)))
    return max(sum(held for held, _ in tree), *(peak for _, peak in tree))


def _processes() -> Iterator[tuple[int, int, int, int]]:
    """(id, id of the parent, resident bytes, their peak) of every process; see proc(5)."""
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            lines = Path(entry.path, "status").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        facts = dict(line.split(":", 1) for line in lines)
        held, peak = (int(facts.get(key, "0").split()[0]) * 1024 for key in ("VmRSS", "VmHWM"))
        yield int(entry.name), int(facts["PPid"]), held, peak


def _read(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _failure(exit_code: int, record: dict[str, Any] | None, log: Path) -> str:
    parts = [f"`twotower run` ended with exit code {exit_code} and nothing to measure"]
    if record is not None:
        verdict = record["verdict"]
        parts.append(f"{verdict['headline']}. {verdict['cause']}")
    if log.is_file():
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
        parts.append("\n".join((f"the end of {log}:", *tail)))
    return "\n".join(parts)
