"""Latency and memory while one version replaces another; one line per figure."""

import asyncio
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

from benchmarks.serving.switch_memory import SwitchMemory, measure_switch_memory
from components.indexer.model.warmup import read_requests
from components.indexer.probe.served_model import ServedModel
from pipeline.serving.model_source import find_model
from pipeline.serving.run_server import ModelServer, ServerSettings
from schemas.bundle import WARMUP_FILE
from schemas.serving import DEFAULT

_CLIENTS = 2
_WAIT_S = 0.02


async def measure(model: str, other: str, num_requests: int) -> None:
    """Serves a version, and switches to another one.

    Args:
      model: Folder of a version.
      other: Folder of the version to switch to.
      num_requests: Number of requests for the latency.
    """
    inputs = next(
        inputs for name, inputs in read_requests(f"{model}/{WARMUP_FILE}") if name == DEFAULT
    )
    columns = {
        name: np.vectorize(bytes.decode, otypes=[object])(values).tolist()
        for name, values in inputs.items()
    }
    body = json.dumps({"inputs": columns}).encode()
    with tempfile.TemporaryDirectory() as folder:
        versions = Path(folder) / "model"
        shutil.copytree(model, versions / "1")
        server = ModelServer(
            find_model(str(versions)), ServerSettings(rest_port=0, grpc_port=0), print
        )
        await server.start()
        url = f"http://127.0.0.1:{server.rest_port}/v1/models/model:predict"
        async with aiohttp.ClientSession() as session:
            show("REST, one client", [await send(session, url, body) for _ in range(num_requests)])
            before = await load_while(session, url, body, asyncio.sleep(20))
            show(f"REST, {_CLIENTS} clients before the switch", before)
            shutil.copytree(other, versions / ".2")
            (versions / ".2").rename(versions / "2")
            during = await load_while(session, url, body, switch(server))
            show(f"REST, {_CLIENTS} clients during the switch", during)
            print(
                f"p99 during / before: {np.quantile(during, 0.99) / np.quantile(before, 0.99):.2f}"
            )
        await server.stop()
    bare = ServedModel(model)
    for _ in range(20):
        bare(DEFAULT, inputs)
    show("bare session", [timed(lambda: bare(DEFAULT, inputs)) for _ in range(num_requests)])
    show_memory(measure_switch_memory(model, other))


async def switch(server: ModelServer) -> None:
    """Takes up the new version, and waits until the old one is closed."""
    await server.manager.poll()
    await server.manager.closed()


async def load_while(session: Any, url: str, body: bytes, work: Any) -> list[float]:
    """Sends requests from several clients until `work` is done; returns their latencies."""
    done = asyncio.ensure_future(work)

    async def client() -> list[float]:
        seconds = []
        while not done.done():
            seconds.append(await send(session, url, body))
            await asyncio.sleep(_WAIT_S)
        return seconds

    latencies = await asyncio.gather(*(client() for _ in range(_CLIENTS)))
    await done
    return [seconds for one in latencies for seconds in one]


async def send(session: Any, url: str, body: bytes) -> float:
    """Sends one request and returns its latency in seconds."""
    start = time.perf_counter()
    async with session.post(url, data=body) as response:
        await response.read()
        response.raise_for_status()
    return time.perf_counter() - start


def show_memory(memory: SwitchMemory) -> None:
    """Prints the memory of a switch."""
    print(
        f"memory in MB: server without a version {memory.without_mb:.0f}; in addition the old "
        f"version {memory.old_mb:.0f}, the new one {memory.new_mb:.0f}, peak of the switch "
        f"{memory.peak_mb:.0f} ({memory.ratio:.2f} times both), after it {memory.after_mb:.0f}"
    )


def timed(call: Any) -> float:
    """Returns the duration of a call in seconds."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def show(name: str, seconds: list[float]) -> None:
    """Prints quantiles of latencies."""
    median, tail, worst = np.quantile(seconds, [0.5, 0.99, 1.0]) * 1e3
    print(
        f"{name}: {len(seconds)} calls, median {median:.2f} ms, p99 {tail:.2f} ms, "
        f"max {worst:.2f} ms"
    )
