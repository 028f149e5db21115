"""A folder in which whole runs are started through the command line."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.chain_dataset import write_chain_dataset

ROOT = Path(__file__).parents[3]
NUM_ITEMS = 150
MODEL = {
    "train": {"max_epochs": 12, "events_per_step": 320, "learning_rate": 5e-3},
    "history": {"max_length": 10},
    "interactions": {"max_reject_fraction": 0.02},
    # Counts of transitions are the exact model of a chain, so no other model is better.
    "evaluation": {"gates": {"not_worse_than": ["popularity"], "better_than": ["popularity"]}},
}


@dataclass(frozen=True)
class Project:
    """A folder with a copy of the source, which tests may edit, a data set and a configuration.

    Attributes:
      folder: The folder, in which commands are run.
      python: The interpreter that runs them.
    """

    folder: Path
    python: str = sys.executable

    @property
    def run_dir(self) -> Path:
        return self.folder / "runs" / "chain"

    @property
    def log(self) -> Path:
        return self.folder / "world" / "log.jsonl"

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, "-m", "pipeline.cli", *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *overrides: str) -> subprocess.CompletedProcess[str]:
        settings = [part for override in overrides for part in ("--set", override)]
        return self.command("run", "config.yaml", *settings)

    def read(self, name: str) -> dict[str, Any]:
        return json.loads((self.run_dir / name).read_text(encoding="utf-8"))

    def statuses(self) -> dict[str, str]:
        return {step["component"]: step["status"] for step in self.read("run.json")["components"]}

    def versions(self, kind: str = "serving") -> list[str]:
        folder = self.run_dir / kind / "chain"
        return sorted(entry.name for entry in folder.iterdir() if entry.name.isdigit())


def make_project(folder: Path) -> Project:
    """A chain world under `folder`, with a configuration of its own."""
    for package in ("schemas", "components", "pipeline"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    world = write_chain_dataset(
        folder / "world", num_users=90, num_items=NUM_ITEMS, events_per_user=40
    )
    for section, values in MODEL.items():
        world[section] = world.get(section, {}) | values
    world |= {"name": "chain", "output": "runs/chain"}
    (folder / "config.yaml").write_text(yaml.safe_dump(world), encoding="utf-8")
    return Project(folder)
