"""Progress and results are written to the terminal, everything else to the log file."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import logging, os, subprocess, sys
from pipeline.console import quiet_streams
print("before")
with quiet_streams(sys.argv[1]) as console:
    print("python noise")
    os.write(2, b"native noise\\n")
    subprocess.run([sys.executable, "-c", "print('child noise')"], check=True)
    logging.getLogger("absl").info("logged noise")
    console.progress.write("progress\\n")
    console.result.write("result\\n")
print("after")
"""


def test_noise_goes_to_the_log_and_results_to_the_terminal(tmp_path: Path) -> None:
    log = tmp_path / "run" / "run.log"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(log)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["before", "result", "after"]
    assert done.stderr.splitlines() == ["progress"]
    text = log.read_text(encoding="utf-8")
    for noise in ("python noise", "native noise", "child noise", "logged noise"):
        assert noise in text
