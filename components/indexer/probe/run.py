"""Calls every signature of a bundle in a process of its own, as a model server would.

`python -m components.indexer.probe.run BUNDLE --cases FILE --output FILE` replays the warm-up
requests stored with the model, compares the answers with those of the exact twin, measures latency
and memory, and compares the twin's answers to the cases with those of training.
"""

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import tensorflow as tf

from components.indexer.model.warmup import Request, read_requests
from components.indexer.probe.agreement import embedding_faults, overlap, ranking_faults
from components.indexer.probe.cases import Case, read_cases, replay
from components.indexer.probe.served import ServedModel, load_scann_ops
from schemas import serving
from schemas.bundle import EXACT_FOLDER, SCANN_FOLDER, WARMUP_FILE

# The line of standard input that `--wait` waits for.
GO = "go"
_EMBEDDINGS = (serving.QUERY_EMBEDDING, serving.CANDIDATE_EMBEDDING)
_WARM_CALLS = 20
_TIMED_CALLS = 300


def probe(bundle: str, cases: Iterable[Case]) -> dict[str, Any]:
    """Loads and measures a bundle.

    Args:
      bundle: Its folder.
      cases: Requests with the answers of training.

    Returns:
      JSON values: `load_seconds`; `memory_bytes` of the process `before`, `loaded`, after the
      `first` signature (`recommend`) and after `all`; `latency_ms` of `recommend` for one request
      (`p50`, `p99`); by signature `calls` and `overlap` with exact search (0…1, null for
      embeddings); `faults`, sentences; `parity`, by signature how the twin compares with training.
    """
    load_scann_ops()
    memory = {"before": resident_bytes()}
    begin = time.perf_counter()
    model = ServedModel(os.path.join(bundle, SCANN_FOLDER))
    load_seconds = time.perf_counter() - begin
    memory["loaded"] = resident_bytes()
    requests = list(read_requests(os.path.join(bundle, SCANN_FOLDER, WARMUP_FILE)))
    for request in requests:
        if request[0] == serving.RECOMMEND:
            model(*request)
    memory["first"] = resident_bytes()
    answers = [model(*request) for request in requests]
    memory["all"] = resident_bytes()
    latency = measure_latency(model, requests)
    # The twin comes last, so that its memory is not the model's.
    twin = ServedModel(os.path.join(bundle, EXACT_FOLDER))
    signatures, faults = compare(requests, answers, [twin(*request) for request in requests])
    return {
        "load_seconds": load_seconds,
        "memory_bytes": memory,
        "latency_ms": latency,
        "signatures": signatures,
        "faults": faults,
        "parity": {name: asdict(compared) for name, compared in replay(twin, cases).items()},
    }


def measure_latency(model: ServedModel, requests: list[Request]) -> dict[str, float]:
    """Median and 99th percentile of single `recommend` requests, in milliseconds."""
    singles = [
        inputs
        for signature, inputs in requests
        if signature == serving.RECOMMEND and len(inputs[serving.K]) == 1
    ]
    seconds = []
    for call in range(_WARM_CALLS + _TIMED_CALLS):
        begin = time.perf_counter()
        model(serving.RECOMMEND, singles[call % len(singles)])
        seconds.append(time.perf_counter() - begin)
    p50, p99 = np.percentile(seconds[_WARM_CALLS:], [50, 99]) * 1000
    return {"p50": float(p50), "p99": float(p99)}


def compare(
    requests: list[Request], answers: list[dict[str, Any]], exact: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[str]]:
    """By signature: calls and mean overlap with exact search; and all faults."""
    calls: dict[str, int] = defaultdict(int)
    shares: dict[str, list[float]] = defaultdict(list)
    faults = [
        f"{name}: the bundle has no request for it"
        for name in sorted(set(serving.SIGNATURES) - {signature for signature, _ in requests})
    ]
    for (signature, _), answer, wanted in zip(requests, answers, exact, strict=True):
        calls[signature] += 1
        if signature in _EMBEDDINGS:
            found = embedding_faults(answer, wanted)
        else:
            found = ranking_faults(answer, wanted)
            shares[signature] += overlap(answer, wanted)
        faults += [f"{signature}: {fault}" for fault in found]
    summary = {
        name: {
            "calls": count,
            "overlap": float(np.mean(shares[name])) if shares[name] else None,
        }
        for name, count in calls.items()
    }
    return summary, sorted(set(faults))


def resident_bytes() -> int:
    """Memory of this process that is in RAM (Linux)."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Probes the bundle of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", help="folder with scann/ and exact/")
    parser.add_argument("--cases", required=True, help="requests with the answers of training")
    parser.add_argument("--output", required=True, help="JSON file to write")
    parser.add_argument(
        "--wait", action="store_true", help=f"begin when standard input says {GO!r}"
    )
    arguments = parser.parse_args()
    if arguments.wait and sys.stdin.readline().strip() != GO:
        sys.exit("the process that wanted the probe ended before its bundle was there")
    result = probe(arguments.bundle, read_cases(arguments.cases))
    with tf.io.gfile.GFile(arguments.output, "w") as file:
        file.write(json.dumps(result, indent=1, allow_nan=False))


if __name__ == "__main__":
    main()
