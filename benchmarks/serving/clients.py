"""Clients that send the same request as fast as it is answered."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from benchmarks.serving.server_process import ServerProcess
from components.indexer.model.warmup import read_requests
from schemas.bundle import WARMUP_FILE
from schemas.serving import DEFAULT

Send = Callable[[], Awaitable[None]]
_METHOD = "/tensorflow.serving.PredictionService/Predict"
PROTOCOLS = ("REST", "gRPC")


def request_inputs(model: str, rows: int) -> dict[str, Any]:
    """Returns the inputs of the first warm-up request of the default signature, with `rows` rows.

    Args:
      model: Folder of the version.
      rows: Number of rows; those of the request are repeated.
    """
    requests = read_requests(f"{model}/{WARMUP_FILE}")
    first = next(inputs for name, inputs in requests if name == DEFAULT)
    return {name: np.resize(values, (rows, *values.shape[1:])) for name, values in first.items()}


def rest_sender(session: aiohttp.ClientSession, url: str, inputs: dict[str, Any]) -> Send:
    """Returns a function that sends one REST request, and raises an error unless it succeeds."""
    columns = {
        name: np.vectorize(bytes.decode, otypes=[object])(values).tolist()
        for name, values in inputs.items()
    }
    body = json.dumps({"inputs": columns}).encode()

    async def send() -> None:
        async with session.post(f"{url}:predict", data=body) as response:
            await response.read()
            response.raise_for_status()

    return send


def grpc_sender(channel: grpc.aio.Channel, name: str, inputs: dict[str, Any]) -> Send:
    """Returns a function that sends one gRPC request, and raises an error unless it succeeds.

    The message is serialised once, and answers are not parsed, as the answers of REST are not.
    """
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    for key, values in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(values))
    content = request.SerializeToString()
    call = channel.unary_unary(_METHOD)

    async def send() -> None:
        await call(content)

    return send


async def send_for(send: Send, clients: int, seconds: float) -> list[float]:
    """Sends requests from several clients; returns the latency of each in seconds."""
    end = time.perf_counter() + seconds
    latencies: list[float] = []

    async def client() -> None:
        while (start := time.perf_counter()) < end:
            await send()
            latencies.append(time.perf_counter() - start)

    await asyncio.gather(*(client() for _ in range(clients)))
    return latencies


async def measure_protocol(
    protocol: str, server: ServerProcess, inputs: dict[str, Any], clients: int, seconds: float
) -> list[float]:
    """Sends requests by one protocol, after a few that do not count; returns their latencies."""
    if protocol == "REST":
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            send = rest_sender(session, server.url, inputs)
            await send_for(send, clients, min(seconds, 0.5))
            return await send_for(send, clients, seconds)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        send = grpc_sender(channel, server.name, inputs)
        await send_for(send, clients, min(seconds, 0.5))
        return await send_for(send, clients, seconds)
