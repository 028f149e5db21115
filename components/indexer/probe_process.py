"""Starts the probe in a process of its own, which holds nothing but the bundle."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import components


def probe_in_new_process(bundle_uri: str) -> dict[str, Any]:
    """Runs `components.indexer.probe`.

    Raises:
      RuntimeError: It failed; its last lines are in the message.
    """
    root = str(Path(components.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": root, "TF_CPP_MIN_LOG_LEVEL": "2"}
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "probe.json")
        command = [sys.executable, "-m", "components.indexer.probe", bundle_uri]
        finished = subprocess.run(
            [*command, "--output", output],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise RuntimeError(
                f"the bundle at {bundle_uri} cannot be served; a process that loaded it ended with "
                f"code {finished.returncode}:\n{finished.stderr[-2000:]}"
            )
        return json.loads(Path(output).read_text(encoding="utf-8"))
