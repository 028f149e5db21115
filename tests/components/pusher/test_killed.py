"""A process that is killed while it publishes leaves no incomplete version to a server."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.components.pusher.bundles import Destination
from tests.components.pusher.state import leftovers, visible_contents

ROOT = Path(__file__).parents[3]
NUM_KILLS = 100


def start(program: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.components.pusher.{program}", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process: "subprocess.Popen[str]") -> str:
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    return stdout


def test_a_kill_at_any_instant_leaves_complete_versions(tmp_path: Path) -> None:
    result = json.loads(output(start("killed_publications", str(tmp_path), str(NUM_KILLS))))

    assert result["kills"] == NUM_KILLS
    # Otherwise no kill fell into a publication, and the test would show nothing.
    assert result["unclean"] > NUM_KILLS // 10
    assert result["left"] == []


def test_two_processes_publish_one_after_the_other(tmp_path: Path) -> None:
    destination = Destination(tmp_path)
    processes = [start("publications", str(tmp_path), name) for name in ("a", "b")]

    published = [line for process in processes for line in output(process).split()]

    assert len(published) == len(set(published)) == 40
    versions = visible_contents(destination)
    assert {f"{version}:{content}" for version, content in versions.items()} <= set(published)
    assert len(versions) == 3
    assert max(versions) == max(int(line.split(":")[0]) for line in published)
    assert leftovers(destination) == []
