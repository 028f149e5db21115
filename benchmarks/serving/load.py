"""Latency and throughput of the server, and of the model called in one process.

The server has one core, the clients another one, and the model alone has one core: the figures are
those of one core. A machine with one core gives it to all of them.
"""

import asyncio
import os
import subprocess
import sys
import time

import numpy as np

from benchmarks.serving.clients import PROTOCOLS, measure_protocol, request_inputs
from benchmarks.serving.server_process import server_process
from components.indexer.probe.served_model import ServedModel, load_scann_ops
from schemas.serving import DEFAULT

_CLIENTS = (1, 8, 64)
_ROWS = (1, 32)


def measure(model: str, seconds: float) -> None:
    """Prints a table in Markdown.

    Args:
      model: Folder of a version.
      seconds: How long each row of the table is measured.
    """
    cores = sorted(os.sched_getaffinity(0))
    print("| | clients | batch | p50 ms | p99 ms | requests/s | queries/s |")
    print("|---|---|---|---|---|---|---|", flush=True)
    os.sched_setaffinity(0, cores[:1])
    subprocess.run(
        [sys.executable, "-m", "benchmarks.serving.load", model, str(seconds)], check=True
    )
    # A process inherits the cores of the one that starts it.
    with server_process(model) as server:
        os.sched_setaffinity(0, cores[-1:])
        for rows in _ROWS:
            inputs = request_inputs(model, rows)
            for protocol in PROTOCOLS:
                for clients in _CLIENTS:
                    start = time.perf_counter()
                    found = asyncio.run(
                        measure_protocol(protocol, server, inputs, clients, seconds)
                    )
                    elapsed = time.perf_counter() - start - min(seconds, 0.5)
                    _show(protocol, clients, rows, found, elapsed)
    print(f"\nload average of the machine: {os.getloadavg()[0]:.1f}, cores: {os.cpu_count()}")


def _measure_bare(model: str, seconds: float) -> None:
    """Prints the rows of the model alone, on the cores of this process."""
    load_scann_ops()
    bare = ServedModel(model)
    for rows in _ROWS:
        inputs = request_inputs(model, rows)
        for _ in range(20):
            bare(DEFAULT, inputs)
        latencies = []
        start = previous = time.perf_counter()
        while previous < start + seconds:
            bare(DEFAULT, inputs)
            now = time.perf_counter()
            latencies.append(now - previous)
            previous = now
        _show("model alone", 1, rows, latencies, previous - start)


def _show(name: str, clients: int, rows: int, latencies: list[float], elapsed: float) -> None:
    median, tail = np.quantile(latencies, [0.5, 0.99]) * 1e3
    rate = len(latencies) / elapsed
    print(
        f"| {name} | {clients} | {rows} | {median:.2f} | {tail:.2f} | {rate:,.0f} "
        f"| {rate * rows:,.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    _measure_bare(sys.argv[1], float(sys.argv[2]))
