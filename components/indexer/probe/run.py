"""The probe: calls every signature of a bundle in a separate process, like a model server.

`python -m components.indexer.probe.run BUNDLE --cases FILE --output FILE` replays the warm-up
requests of the model and of its twin, compares the outputs with those of the same model with exact
search, measures latency and memory, and compares the outputs with exact search with those of
training.
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
import numpy.typing as npt

from components import files
from components.indexer.model.warmup import Request, read_requests
from components.indexer.probe.exact_comparison import embedding_faults, overlap, ranking_faults
from components.indexer.probe.replay import ParityCase, read_cases, replay_cases
from components.indexer.probe.request_rows import has_conditions, users_of
from components.indexer.probe.served_model import ServedModel, load_scann_ops
from components.indexer.search.clustered_mean import clustered_mean
from schemas import serving
from schemas.bundle import PORTABLE_FOLDER, SCANN_FOLDER, WARMUP_FILE

# The line on standard input that `--wait` waits for.
GO = "go"
_EMBEDDINGS = (serving.QUERY_EMBEDDING, serving.CANDIDATE_EMBEDDING)
_NOT_EXACT = "the answer to a request with conditions is not that of exact search"
_WARM_CALLS = 20
_TIMED_CALLS = 300


def probe(bundle: str, reference: str, cases: Iterable[ParityCase]) -> dict[str, Any]:
    """Loads and measures a bundle.

    Args:
      bundle: The folder of the bundle.
      reference: The model with exact search; may be the twin.
      cases: Requests with the outputs of training.

    Returns:
      JSON values: `load_seconds`; `memory_bytes` of the process `before` and after loading
      (`loaded`), after calling the `first` signature (`recommend`) and after calling `all`;
      `latency_ms` of single `recommend` requests (`p50`, `p99`); `signatures` with the `calls` and
      the `overlap` with exact search (0…1, null for embeddings) of each, as a mean over users, and
      its standard error `overlap_error` (null for fewer than two users); `faults`, sentences;
      `twin` with the `signatures` and `faults` of the twin; `parity`, the difference between exact
      search and training of each signature.
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
    # The other models are loaded last, so that the measured memory does not include them.
    exact = ServedModel(reference)
    expected = [exact(*request) for request in requests]
    signatures, faults = compare(requests, answers, expected)
    twin_signatures, twin_faults = _compare_twin(bundle, reference, requests, expected)
    return {
        "load_seconds": load_seconds,
        "memory_bytes": memory,
        "latency_ms": latency,
        "signatures": signatures,
        "faults": faults,
        "twin": {"signatures": twin_signatures, "faults": twin_faults},
        "parity": {name: asdict(value) for name, value in replay_cases(exact, cases).items()},
    }


def _compare_twin(
    bundle: str, reference: str, requests: list[Request], exact: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[str]]:
    """Compares the twin with exact search; nothing to compare if it is the reference itself."""
    path = os.path.join(bundle, PORTABLE_FOLDER)
    if path == reference:
        return {}, []
    twin = ServedModel(path)
    return compare(requests, [twin(*request) for request in requests], exact)


def measure_latency(model: ServedModel, requests: list[Request]) -> dict[str, float]:
    """Returns the median and 99th percentile latency of single `recommend` requests, in ms."""
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
    """Compares the outputs of a model with those of exact search.

    Args:
      requests: The requests.
      answers: The outputs of the model for each request.
      exact: The outputs of exact search for each request.

    Returns:
      The number of calls, the mean overlap of each signature and its standard error, and all
      faults. Requests with conditions, which are answered exactly, do not count in the overlap.
    """
    calls: dict[str, int] = defaultdict(int)
    overlaps: dict[str, list[npt.NDArray[np.float64]]] = defaultdict(list)
    users: dict[str, list[npt.NDArray[np.object_]]] = defaultdict(list)
    faults = [
        f"{name}: the bundle contains no warm-up request for this signature"
        for name in sorted(set(serving.SIGNATURES) - {signature for signature, _ in requests})
    ]
    for (signature, inputs), answer, expected in zip(requests, answers, exact, strict=True):
        calls[signature] += 1
        if signature in _EMBEDDINGS:
            found = embedding_faults(answer, expected)
        else:
            found = ranking_faults(answer, expected)
            recall = overlap(answer, expected)
            if has_conditions(signature, inputs):
                found += [_NOT_EXACT] if (recall < 1).any() else []
            else:
                overlaps[signature].append(recall)
                users[signature].append(users_of(signature, inputs))
        faults += [f"{signature}: {fault}" for fault in found]
    summary = {
        name: {"calls": count, **_mean_overlap(overlaps[name], users[name])}
        for name, count in calls.items()
    }
    return summary, sorted(set(faults))


def _mean_overlap(
    overlaps: list[npt.NDArray[np.float64]], users: list[npt.NDArray[np.object_]]
) -> dict[str, float | None]:
    """Returns `overlap` and `overlap_error` of the rows with an exact item; None without such."""
    values = np.concatenate([np.empty(0), *overlaps])
    has_items = ~np.isnan(values)
    if not has_items.any():
        return {"overlap": None, "overlap_error": None}
    result = clustered_mean(values[has_items], np.concatenate(users)[has_items])
    return {"overlap": result.mean, "overlap_error": result.error}


def resident_bytes() -> int:
    """Returns the resident memory of this process in bytes (Linux only)."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Probes the bundle given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", help="folder with scann/ and portable/")
    parser.add_argument(
        "--cases", required=True, help="file of requests with the outputs of training"
    )
    parser.add_argument("--output", required=True, help="JSON file to write")
    parser.add_argument(
        "--reference",
        default="",
        help="model with exact search (default: portable/)",
    )
    parser.add_argument(
        "--wait", action="store_true", help=f"start when the line {GO!r} arrives on standard input"
    )
    arguments = parser.parse_args()
    if arguments.wait and sys.stdin.readline().strip() != GO:
        sys.exit("the process that started the probe ended before it had written the bundle")
    twin = os.path.join(arguments.bundle, PORTABLE_FOLDER)
    reference = arguments.reference if os.path.isdir(arguments.reference) else twin
    result = probe(arguments.bundle, reference, read_cases(arguments.cases))
    files.write_text(arguments.output, json.dumps(result, indent=1, allow_nan=False))


if __name__ == "__main__":
    main()
