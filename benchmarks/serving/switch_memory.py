"""Memory of a server while one version replaces another.

The server runs in a process of its own, without clients. Each version is also served alone, so that
the peak of a switch can be compared with the memory of both.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.serving.process_memory import peak_mb, reset_peak, resident_mb
from components.indexer.probe.served_model import load_scann_ops
from pipeline.serving.model_source import find_model
from pipeline.serving.run_server import ModelServer, ServerSettings


@dataclass(frozen=True)
class ServedMemory:
    """Resident memory of a server process in MB.

    Attributes:
      without_mb: Without a version.
      first_mb: With the first version, loaded and warmed up.
      peak_mb: The largest value during the switch to the second version.
      second_mb: With the second version, after the first one was unloaded.
    """

    without_mb: float
    first_mb: float
    peak_mb: float
    second_mb: float


@dataclass(frozen=True)
class SwitchMemory:
    """Memory of a switch, and of each of its two versions alone.

    Attributes:
      without_mb: Of the server without a version.
      old_mb: What the old version adds, served alone.
      new_mb: What the new version adds, served alone.
      peak_mb: What the server holds at most during the switch, in addition to `without_mb`.
      after_mb: What it holds after the switch, in addition to `without_mb`.
    """

    without_mb: float
    old_mb: float
    new_mb: float
    peak_mb: float
    after_mb: float

    @property
    def ratio(self) -> float:
        """The peak relative to the memory of both versions."""
        return self.peak_mb / (self.old_mb + self.new_mb)


def measure_switch_memory(model: str, other: str) -> SwitchMemory:
    """Returns the memory of a switch from a version to another one.

    Args:
      model: Folder of the old version.
      other: Folder of the new version.
    """
    switch = served_in_new_process(model, other)
    new = switch if model == other else served_in_new_process(other, other)
    return SwitchMemory(
        without_mb=switch.without_mb,
        old_mb=switch.first_mb - switch.without_mb,
        new_mb=new.first_mb - new.without_mb,
        peak_mb=switch.peak_mb - switch.without_mb,
        after_mb=switch.second_mb - switch.without_mb,
    )


def served_in_new_process(model: str, other: str) -> ServedMemory:
    """Serves a version and then another one in a new process; returns its memory."""
    command = [sys.executable, "-m", "benchmarks.serving.switch_memory", model, other]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return ServedMemory(**json.loads(done.stdout))


async def serve_both(model: str, other: str) -> ServedMemory:
    """Serves a version and then another one in this process; returns its memory."""
    with tempfile.TemporaryDirectory() as folder:
        versions = Path(folder) / "model"
        shutil.copytree(model, versions / "1")
        settings = ServerSettings(rest_port=0, grpc_port=0)
        server = ModelServer(find_model(str(versions)), settings, lambda line: None)
        without = resident_mb()
        await server.start()
        try:
            first = resident_mb()
            shutil.copytree(other, versions / ".2")
            (versions / ".2").rename(versions / "2")
            reset_peak()
            await server.manager.poll()
            await server.manager.closed()
            return ServedMemory(without, first, peak_mb(), resident_mb())
        finally:
            await server.stop()


def main() -> None:
    """Prints the memory as JSON, for the folders of two versions."""
    load_scann_ops()
    model, other = sys.argv[1:]
    print(json.dumps(asdict(asyncio.run(serve_both(model, other)))))


if __name__ == "__main__":
    main()
