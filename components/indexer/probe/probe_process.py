"""Runs the probe in a process of its own, which holds nothing but the bundle."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import components
from components.indexer.probe.cases import Case, write_cases
from components.indexer.probe.run import GO

# A probe takes seconds for its imports, and a minute or so where the index is of gigabytes.
PROBE_TIMEOUT_S = 600.0
_NUM_MESSAGE_CHARS = 2000


class ProbeProcess:
    """A process that imports all that serving needs at once, and probes when told to.

    Started before the bundle is exported, its imports cost no time of their own.
    """

    def __init__(self, bundle_uri: str):
        """Starts the process; `bundle_uri` need not exist yet."""
        self._bundle_uri = bundle_uri
        self._folder = tempfile.TemporaryDirectory()
        self._output = Path(self._folder.name) / "probe.json"
        self._cases = Path(self._folder.name) / "cases.tfrecord"
        files = ["--cases", str(self._cases), "--output", str(self._output)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "components.indexer.probe.run", bundle_uri, *files, "--wait"],
            env=probe_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "ProbeProcess":
        return self

    def __exit__(self, *exception: object) -> None:
        """Ends the process if it still runs."""
        self._end()
        self._folder.cleanup()

    def result(self, cases: Iterable[Case]) -> dict[str, Any]:
        """What `components.indexer.probe.run.probe` says of the bundle, which is complete by now.

        Args:
          cases: Requests with the answers of training.

        Raises:
          RuntimeError: The probe failed, or took longer than PROBE_TIMEOUT_S; its last lines are
            in the message.
        """
        write_cases(str(self._cases), cases)
        try:
            _, messages = self._process.communicate(f"{GO}\n", timeout=PROBE_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(
                f"the process that tried out the bundle at {self._bundle_uri} was not done within "
                f"{PROBE_TIMEOUT_S:g} s: see whether this machine is short of memory or "
                f"processors, then run the step again; its last lines:\n{self._end()}"
            ) from error
        if self._process.returncode:
            raise RuntimeError(
                f"the bundle at {self._bundle_uri} cannot be served; a process that loaded it "
                f"ended with code {self._process.returncode}:\n{messages[-_NUM_MESSAGE_CHARS:]}"
            )
        return json.loads(self._output.read_text(encoding="utf-8"))

    def _end(self) -> str:
        """Kills the process if it still runs, and returns its last lines."""
        if self._process.returncode is not None:
            return ""
        self._process.kill()
        _, messages = self._process.communicate()
        return messages[-_NUM_MESSAGE_CHARS:]


def probe_environment() -> dict[str, str]:
    """This process's environment, with this code before all that PYTHONPATH names."""
    root = str(Path(components.__file__).parent.parent)
    given = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([root, given] if given else [root])
    return {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "2"}
