"""Requests while versions are pushed, rolled back, changed and refused.

Each round pushes a version, replaces the list of unavailable items, tries to push an incomplete
bundle, which the push refuses, pushes a damaged version, which the server skips, and rolls back to
the version before it.

A leak increases the memory in use by the same amount at each switch. Fragmentation increases only
the resident memory, in which free memory between allocated blocks is counted.
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import numpy as np
from prometheus_client.parser import text_string_to_metric_families
from scipy import stats

from benchmarks.serving.clients import Send, grpc_sender, request_inputs, rest_sender
from benchmarks.serving.server_process import ServerProcess, server_process
from components.pusher.manifest import proven_towers_path, read_manifest, statistics_path
from components.pusher.mark_unavailable import mark_unavailable
from components.pusher.publish import publish
from components.pusher.rollback import rollback
from pipeline.serving.model_source import find_model
from schemas.bundle import PORTABLE_FOLDER, SAVED_MODEL_FILE, SCANN_FOLDER
from schemas.errors import InputError

_KEEP = 3
_WARM_SWITCHES = 10
_METRICS = {
    "resident": "process_resident_memory_bytes",
    "in use": "twotower_allocated_bytes",
}
_WAIT_S = 0.01
_TIMEOUT_S = 600.0


class SoakFolders:
    """Folders of versions with one version of a run, and what is pushed to them.

    Attributes:
      serving: Folder of the served versions.
    """

    def __init__(self, run: str, folder: Path) -> None:
        """Publishes the newest version of a run in `folder`."""
        source = find_model(run)
        versions = source.versions()
        version = max(versions)
        self._models = {
            SCANN_FOLDER: versions[version],
            PORTABLE_FOLDER: find_model(run, portable=True).versions()[version],
        }
        self._bundle = folder / "bundle"
        self._portable = str(folder / "portable" / source.name)
        self._manifest = read_manifest(self.model)
        self._statistics = statistics_path(self.model)
        self._number = 0
        self.serving = str(folder / "serving" / source.name)
        self.push()

    @property
    def model(self) -> str:
        """The version of the run."""
        return self._models[SCANN_FOLDER]

    def push(self, is_damaged: bool = False) -> int:
        """Publishes the model of the run again, with other content; returns the version."""
        self._write_bundle()
        if is_damaged:
            for name in self._models:
                (self._bundle / name / SAVED_MODEL_FILE).write_bytes(b"damaged")
        return self._publish()

    def push_incomplete(self) -> None:
        """Tries to publish a bundle whose twin has no model.

        Raises:
          RuntimeError: It was published.
        """
        self._write_bundle()
        (self._bundle / PORTABLE_FOLDER / SAVED_MODEL_FILE).unlink()
        try:
            version = self._publish()
        except InputError:
            return
        raise RuntimeError(f"an incomplete bundle was published as version {version}")

    def _write_bundle(self) -> None:
        """Copies the models of the run, with other content than before."""
        self._number += 1
        shutil.rmtree(self._bundle, ignore_errors=True)
        for name, model in self._models.items():
            target = shutil.copytree(model, self._bundle / name)
            (target / "assets" / "number.txt").write_text(str(self._number))

    def _publish(self) -> int:
        pushed = publish(
            str(self._bundle),
            self.serving,
            self._portable,
            self._manifest,
            towers=proven_towers_path(self._models[PORTABLE_FOLDER]),
            statistics_file=self._statistics,
            keep_versions=_KEEP,
        )
        return int(pushed.version)

    def replace_unavailable(self) -> int:
        """Replaces the list of unavailable items; returns the new version."""
        items = [f"item-{number}" for number in range(self._number)]
        return int(mark_unavailable(self.serving, self._portable, items, _KEEP).version)

    def roll_back(self, version: int) -> None:
        """Rolls back to a version."""
        rollback(self.serving, self._portable, version)


async def measure(run: str, seconds: float) -> None:
    """Prints the memory after each switch, failed requests, and the growth of the memory.

    Args:
      run: Directory of a finished run.
      seconds: How long rounds are started.
    """
    with tempfile.TemporaryDirectory() as folder:
        folders = SoakFolders(run, Path(folder))
        with server_process(folders.serving) as server:
            inputs = request_inputs(folders.model, 1)
            channel = grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}")
            async with aiohttp.ClientSession() as session, channel:
                senders = [
                    rest_sender(session, server.url, inputs),
                    grpc_sender(channel, server.name, inputs),
                ]
                rounds = asyncio.create_task(_rounds(folders, server, session, seconds))
                counts = await asyncio.gather(*(_send_until(rounds, send) for send in senders))
                memory = await rounds
    answered, failed = (sum(count) for count in zip(*counts, strict=True))
    print(f"{answered} requests answered, {failed} failed; load average {os.getloadavg()[0]:.1f}")
    later = memory[_WARM_SWITCHES:]
    if len(later) > 2:
        print(f"after switch {_WARM_SWITCHES}, in MB:")
        print("| memory | first | last | growth per switch, with 95 % interval |")
        print("|---|---|---|---|")
        for name in _METRICS:
            values = [one[name] for one in later]
            print(f"| {name} | {values[0]:.1f} | {values[-1]:.1f} | {growth(values)} |")


def growth(values: Sequence[float]) -> str:
    """Returns the slope of values over their index, by least squares, with its 95 % interval.

    Args:
      values: At least three.
    """
    fit = stats.linregress(np.arange(len(values)), values)
    margin = stats.t.ppf(0.975, len(values) - 2) * fit.stderr
    return f"{fit.slope:.2f} ({fit.slope - margin:.2f} to {fit.slope + margin:.2f})"


async def _send_until(rounds: asyncio.Task[Any], send: Send) -> tuple[int, int]:
    """Sends requests until the rounds end; returns how many were answered and how many failed."""
    answered = failed = 0
    while not rounds.done():
        try:
            await send()
            answered += 1
        except (aiohttp.ClientError, grpc.RpcError) as error:
            failed += 1
            print(f"failed: {error}", flush=True)
        await asyncio.sleep(_WAIT_S)
    return answered, failed


async def _rounds(
    folders: SoakFolders, server: ServerProcess, session: aiohttp.ClientSession, seconds: float
) -> list[dict[str, float]]:
    """Changes the versions; returns the memory in MB after each switch, by name."""
    end = time.monotonic() + seconds
    memory: list[dict[str, float]] = []

    async def after_switch(version: int, what: str) -> None:
        await _wait_for(session, server, version, "AVAILABLE")
        memory.append(await _memory_mb(session, server))
        values = ", ".join(f"{value:.1f} MB {name}" for name, value in memory[-1].items())
        print(f"switch {len(memory)}, {what}: {values}", flush=True)

    while time.monotonic() < end:
        pushed = await asyncio.to_thread(folders.push)
        await after_switch(pushed, "pushed")
        marked = await asyncio.to_thread(folders.replace_unavailable)
        await after_switch(marked, "unavailable items replaced")
        await asyncio.to_thread(folders.push_incomplete)
        damaged = await asyncio.to_thread(folders.push, True)
        await _wait_for(session, server, damaged, "END")
        await asyncio.to_thread(folders.roll_back, pushed)
        await after_switch(pushed, "damaged version skipped, rolled back")
    return memory


async def _memory_mb(session: aiohttp.ClientSession, server: ServerProcess) -> dict[str, float]:
    """Returns the memory that the server states."""
    async with session.get(server.metrics_url) as response:
        families = text_string_to_metric_families(await response.text())
    values = {sample.name: sample.value for family in families for sample in family.samples}
    return {name: values[metric] / 2**20 for name, metric in _METRICS.items()}


async def _wait_for(
    session: aiohttp.ClientSession, server: ServerProcess, version: int, state: str
) -> None:
    """Waits until a version has a state and no other version is being loaded or unloaded.

    Raises:
      TimeoutError: It has not within ten minutes.
    """
    end = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < end:
        async with session.get(server.url) as response:
            statuses = (await response.json())["model_version_status"]
        states = {int(status["version"]): status["state"] for status in statuses}
        available = [number for number, found in states.items() if found == "AVAILABLE"]
        is_settled = not {"LOADING", "UNLOADING", "START"} & set(states.values())
        if states.get(version) == state and is_settled and len(available) == 1:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"version {version} is not {state} after {_TIMEOUT_S:g} s: {states}")
