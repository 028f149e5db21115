"""Answers recorded requests in a separate process: `python -m tests.serving.answer JOBS`.

JOBS is a JSON file with `scann`, whether to register the ScaNN ops, and a list of `jobs`, each with
the paths of a `model`, of its `requests` and of the pickled `answers` to write.
"""

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from components.indexer.model.warmup import Request, read_requests, write_requests
from components.indexer.probe.served_model import ServedModel, load_scann_ops

Answer = dict[str, Any]


def answers_in_new_process(
    folder: Path, models: list[tuple[str, list[Request]]], scann: bool
) -> list[list[Answer]]:
    """Returns the answers of each model to its requests; registers ScaNN's ops only if `scann`."""
    jobs = []
    for number, (model, requests) in enumerate(models):
        path = str(folder / f"requests-{number}")
        write_requests(path, requests)
        jobs.append({"model": model, "requests": path, "answers": f"{path}.answers"})
    jobs_file = folder / "jobs.json"
    jobs_file.write_text(json.dumps({"scann": scann, "jobs": jobs}))
    command = [sys.executable, "-m", "tests.serving.answer", str(jobs_file)]
    root = Path(__file__).parents[2]
    finished = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr[-3000:]
    return [pickle.loads(Path(job["answers"]).read_bytes()) for job in jobs]


def main() -> None:
    arguments = json.loads(Path(sys.argv[1]).read_text())
    if arguments["scann"]:
        load_scann_ops()
    for job in arguments["jobs"]:
        model = ServedModel(job["model"])
        answers = [model(*request) for request in read_requests(job["requests"])]
        Path(job["answers"]).write_bytes(pickle.dumps(answers))
    assert "scann" not in sys.modules


if __name__ == "__main__":
    main()
