"""Replays requests in this environment and in another one, and compares the answers."""

import json
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas import serving
from schemas.bundle import WARMUP_FILE
from tests.environments import optional_environment

OLDER_TENSORFLOW = "2.11.1"
_PROGRAM = Path(__file__).with_name("model_server.py")
# TensorFlow versions sum floats in different orders, which changes the rounding.
_RELATIVE_TOLERANCE = 1e-5

Answers = list[tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Job:
    """A SavedModel and a file of PredictionLogs to replay, by default its warm-up requests."""

    model: Path
    requests: Path | None = None


def check_older_server_agrees(folder: Path, jobs: list[Job], scann: bool) -> None:
    """Asserts that TensorFlow 2.11 answers all requests like this TensorFlow version.

    Args:
      folder: Folder for the files that the processes exchange.
      jobs: The models and requests; each job must call every signature.
      scann: Whether to register the ScaNN ops.
    """
    older_python = optional_environment(".venv-serving", "make setup-serving")
    check_other_python_agrees(older_python, folder, jobs, scann, OLDER_TENSORFLOW)


def check_other_python_agrees(
    python: Path, folder: Path, jobs: list[Job], scann: bool, version: str | None = None
) -> None:
    """Asserts that another environment answers all requests like this one.

    Args:
      python: The interpreter of the other environment.
      folder: Folder for the files that the processes exchange.
      jobs: The models and requests; each job must call every signature.
      scann: Whether to register the ScaNN ops.
      version: The TensorFlow version that the other environment must have; None for any.
    """
    found_answers = _answers(python, folder / "other", jobs, scann, version)
    expected_answers = _answers(Path(sys.executable), folder / "this", jobs, scann, None)
    for job, found, expected in zip(jobs, found_answers, expected_answers, strict=True):
        assert {signature for signature, _ in expected} == set(serving.SIGNATURES), job
        faults = differences(found, expected)
        assert not faults, f"{job.model}:\n" + "\n".join(faults)


def differences(found: Answers, expected: Answers) -> list[str]:
    """Describes the differences between answers; items with tied scores may change places."""
    faults = []
    for number, ((signature, answer), (reference_signature, reference)) in enumerate(
        zip(found, expected, strict=True)
    ):
        request = f"request {number} ({reference_signature})"
        shapes = {name: (values.shape, values.dtype.kind) for name, values in answer.items()}
        reference_shapes = {
            name: (values.shape, values.dtype.kind) for name, values in reference.items()
        }
        if (signature, shapes) != (reference_signature, reference_shapes):
            faults.append(f"{request}: {signature} {shapes}, expected {reference_shapes}")
        elif serving.OUTPUT_EMBEDDING in reference:
            faults += _embedding_differences(request, answer, reference)
        else:
            faults += _ranking_differences(request, answer, reference)
    return faults


def _embedding_differences(
    request: str, answer: dict[str, npt.NDArray[Any]], reference: dict[str, npt.NDArray[Any]]
) -> list[str]:
    found, expected = answer[serving.OUTPUT_EMBEDDING], reference[serving.OUTPUT_EMBEDDING]
    if np.allclose(found, expected, rtol=0, atol=_tolerance(expected)):
        return []
    return [f"{request}: embeddings differ by {np.abs(found - expected).max()}"]


def _ranking_differences(
    request: str, answer: dict[str, npt.NDArray[Any]], reference: dict[str, npt.NDArray[Any]]
) -> list[str]:
    scores, reference_scores = answer[serving.OUTPUT_SCORE], reference[serving.OUTPUT_SCORE]
    tolerance = _tolerance(reference_scores)
    if not np.allclose(scores, reference_scores, rtol=0, atol=tolerance):
        return [f"{request}: scores differ by {np.abs(scores - reference_scores).max()}"]
    rows = range(len(reference_scores))
    moved = [item for row in rows for item in _moved(answer, reference, row, tolerance)]
    return [f"{request}: other items or other ranks: {moved}"] if moved else []


def _moved(
    answer: dict[str, npt.NDArray[Any]],
    reference: dict[str, npt.NDArray[Any]],
    row: int,
    tolerance: float,
) -> list[bytes]:
    """Returns the items whose scores differ, or that only one answer contains without a tie."""
    found, expected = (
        dict(zip(a[serving.OUTPUT_ITEM_ID][row], a[serving.OUTPUT_SCORE][row], strict=True))
        for a in (answer, reference)
    )
    # Items that tie with the last one may be cut off in one answer and not in the other.
    last = min(expected.values(), default=0.0)
    return [
        item
        for item in {**found, **expected}
        if abs(found.get(item, last) - expected.get(item, last)) > tolerance
    ]


def _tolerance(values: npt.NDArray[np.float32]) -> float:
    unpadded = values[values != serving.PADDING_SCORE]
    return _RELATIVE_TOLERANCE * max(1.0, float(np.abs(unpadded).max(initial=0.0)))


def _answers(
    python: Path, folder: Path, jobs: list[Job], scann: bool, version: str | None
) -> list[Answers]:
    """Returns the answers of each job from a new process of `python` with TensorFlow `version`."""
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
    # Isolated mode (-I) ignores PYTHONPATH and the folder of the program, so that the process
    # cannot import this project.
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
