"""Replays a model's requests in this environment and in `.venv-serving`, and compares."""

import json
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas import serving
from schemas.bundle import WARMUP_FILE

ROOT = Path(__file__).parents[2]
OLDER_PYTHON = ROOT / ".venv-serving" / "bin" / "python"
OLDER_TENSORFLOW = "2.11.1"
_PROGRAM = Path(__file__).with_name("model_server.py")
# Sums of floats differ by their order, which TensorFlow's versions choose differently.
_RELATIVE_TOLERANCE = 1e-5

Answers = list[tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Job:
    """A SavedModel, and a file of PredictionLogs to replay; its own warm-up where none is given."""

    model: Path
    requests: Path | None = None


def check_older_server_agrees(folder: Path, jobs: list[Job], scann: bool) -> None:
    """Asserts that TensorFlow 2.11 answers all requests as this TensorFlow does.

    Args:
      folder: For files between the processes.
      jobs: Each must ask every signature.
      scann: Whether the ScaNN op is registered; without it, no custom op is.
    """
    if not OLDER_PYTHON.exists():
        pytest.fail(f"{OLDER_PYTHON} is missing: run `make setup-serving`", pytrace=False)
    older = _answers(OLDER_PYTHON, folder / "older", jobs, scann, OLDER_TENSORFLOW)
    newer = _answers(Path(sys.executable), folder / "newer", jobs, scann, None)
    for job, found, expected in zip(jobs, older, newer, strict=True):
        assert {signature for signature, _ in expected} == set(serving.SIGNATURES), job
        faults = differences(found, expected)
        assert not faults, f"{job.model}:\n" + "\n".join(faults)


def differences(found: Answers, expected: Answers) -> list[str]:
    """Sentences on where answers differ; items whose scores tie may change places."""
    faults = []
    for number, ((signature, answer), (wanted_signature, wanted)) in enumerate(
        zip(found, expected, strict=True)
    ):
        place = f"request {number} ({wanted_signature})"
        shapes = {name: (values.shape, values.dtype.kind) for name, values in answer.items()}
        wanted_shapes = {name: (values.shape, values.dtype.kind) for name, values in wanted.items()}
        if (signature, shapes) != (wanted_signature, wanted_shapes):
            faults.append(f"{place}: {signature} {shapes}, expected {wanted_shapes}")
        elif serving.OUTPUT_EMBEDDING in wanted:
            faults += _embedding_differences(place, answer, wanted)
        else:
            faults += _ranking_differences(place, answer, wanted)
    return faults


def _embedding_differences(
    place: str, answer: dict[str, np.ndarray], wanted: dict[str, np.ndarray]
) -> list[str]:
    found, expected = answer[serving.OUTPUT_EMBEDDING], wanted[serving.OUTPUT_EMBEDDING]
    if np.allclose(found, expected, rtol=0, atol=_tolerance(expected)):
        return []
    return [f"{place}: embeddings differ by {np.abs(found - expected).max()}"]


def _ranking_differences(
    place: str, answer: dict[str, np.ndarray], wanted: dict[str, np.ndarray]
) -> list[str]:
    scores, wanted_scores = answer[serving.OUTPUT_SCORE], wanted[serving.OUTPUT_SCORE]
    tolerance = _tolerance(wanted_scores)
    if not np.allclose(scores, wanted_scores, rtol=0, atol=tolerance):
        return [f"{place}: scores differ by {np.abs(scores - wanted_scores).max()}"]
    rows = range(len(wanted_scores))
    moved = [item for row in rows for item in _moved(answer, wanted, row, tolerance)]
    return [f"{place}: other items, or at other places: {moved}"] if moved else []


def _moved(
    answer: dict[str, np.ndarray], wanted: dict[str, np.ndarray], row: int, tolerance: float
) -> list[bytes]:
    """Items that another score stands beside, or that only one answer has and no tie explains."""
    found, expected = (
        dict(zip(a[serving.OUTPUT_ITEM_ID][row], a[serving.OUTPUT_SCORE][row], strict=True))
        for a in (answer, wanted)
    )
    # What ties with the last place may be cut off in one answer and not in the other.
    last = min(expected.values(), default=0.0)
    return [
        item
        for item in {**found, **expected}
        if abs(found.get(item, last) - expected.get(item, last)) > tolerance
    ]


def _tolerance(values: np.ndarray) -> float:
    known = values[values != serving.PADDING_SCORE]
    return _RELATIVE_TOLERANCE * max(1.0, float(np.abs(known).max(initial=0.0)))


def _answers(
    python: Path, folder: Path, jobs: list[Job], scann: bool, version: str | None
) -> list[Answers]:
    """The answers to each job of a new process of `python`, whose TensorFlow is `version`."""
    folder.mkdir(parents=True)
    plan = [
        {
            "model": str(job.model),
            "requests": str(job.requests or job.model / WARMUP_FILE),
            "answers": str(folder / f"answers-{number}"),
        }
        for number, job in enumerate(jobs)
    ]
    jobs_file = folder / "jobs.json"
    jobs_file.write_text(json.dumps({"scann": scann, "jobs": plan}), encoding="utf-8")
    # Isolated (-I): neither PYTHONPATH nor the program's folder lends it a module of ours.
    done = subprocess.run(
        [str(python), "-I", str(_PROGRAM), str(jobs_file)],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{python}: {done.stderr[-3000:]}"
    answered = [pickle.loads(Path(job["answers"]).read_bytes()) for job in plan]
    assert all(version in (None, given["tensorflow"]) for given in answered), answered
    return [given["answers"] for given in answered]
