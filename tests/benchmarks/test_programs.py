"""Tests that every program of the folder prints its help with the command of its docstring."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.nightly
@pytest.mark.parametrize(
    "name",
    [
        "ablation",
        "negative_feedback",
        "random_search",
        "quality",
        "demo_oracle",
        "determinism",
        "retrieval",
        "index_scaling",
        "index_overhead",
        "validation_recall",
        "ingest",
        "evaluation",
        "serving",
    ],
)
def test_program_starts_without_settings_in_the_environment(name: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}

    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--help"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: python -m benchmarks.{name}"), done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*/__main__.py")))
def test_docstring_of_a_package_gives_its_command(path: Path) -> None:
    module = import_module(f"benchmarks.{path.parent.name}.__main__")

    assert f"python -m benchmarks.{path.parent.name} " in (module.__doc__ or "")
