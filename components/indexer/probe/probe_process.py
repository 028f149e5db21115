"""Runs the probe in a separate process, which loads nothing except the bundle."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import components
from components.indexer.probe.replay import ParityCase, write_cases
from components.indexer.probe.run import GO

# The imports of a probe take seconds; an index of several gigabytes takes about a minute.
PROBE_TIMEOUT_S = 600.0
_NUM_MESSAGE_CHARS = 2000


class ProbeProcess:
    """A process that imports its modules at once and probes the bundle on request.

    It is started before the bundle is exported, so that imports and export run in parallel.

    Attributes:
      reference: Folder for the model with exact search, if the twin does not have exact search.
    """

    def __init__(self, bundle_uri: str):
        """Starts the process; `bundle_uri` does not need to exist yet."""
        self._bundle_uri = bundle_uri
        self._folder = tempfile.TemporaryDirectory()
        self._output = Path(self._folder.name) / "probe.json"
        self._cases = Path(self._folder.name) / "cases.tfrecord"
        self.reference = str(Path(self._folder.name) / "reference")
        files = ["--cases", str(self._cases), "--output", str(self._output)]
        files += ["--reference", self.reference]
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
        """Ends the process if it is still running."""
        self._end()
        self._folder.cleanup()

    def result(self, cases: Iterable[ParityCase]) -> dict[str, Any]:
        """Probes the bundle, which must be complete.

        Args:
          cases: Requests with the outputs of training.

        Returns:
          The result of `components.indexer.probe.run.probe`.

        Raises:
          RuntimeError: The probe failed or took longer than PROBE_TIMEOUT_S. The message contains
            its last output.
        """
        write_cases(str(self._cases), cases)
        try:
            _, messages = self._process.communicate(f"{GO}\n", timeout=PROBE_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(
                f"the probe of the bundle at {self._bundle_uri} did not finish within "
                f"{PROBE_TIMEOUT_S:g} s: check whether this machine has enough free memory and "
                f"processors, then run the step again; last output of the probe:\n{self._end()}"
            ) from error
        if self._process.returncode:
            raise RuntimeError(
                f"the bundle at {self._bundle_uri} cannot be served; the process that loaded it "
                f"exited with code {self._process.returncode}:\n{messages[-_NUM_MESSAGE_CHARS:]}"
            )
        return json.loads(self._output.read_text(encoding="utf-8"))

    def _end(self) -> str:
        """Kills the process if it is still running; returns its last output."""
        if self._process.returncode is not None:
            return ""
        self._process.kill()
        _, messages = self._process.communicate()
        return messages[-_NUM_MESSAGE_CHARS:]


def probe_environment() -> dict[str, str]:
    """Returns the environment of this process with the root of this code first in PYTHONPATH."""
    root = str(Path(components.__file__).parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([root, inherited] if inherited else [root])
    return {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "2"}
