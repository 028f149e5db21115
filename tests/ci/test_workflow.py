"""The workflow of GitHub against the Makefile and the version sets."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


def job() -> dict[str, Any]:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    jobs: dict[str, Any] = yaml.safe_load(text)["jobs"]
    return jobs["ci"]


def test_the_workflow_runs_programs_and_targets_that_exist() -> None:
    commands = [step["run"] for step in job()["steps"] if "run" in step]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    assert ".ci/run" in commands
    for command in commands:
        program, *arguments = command.split()
        if program == "make":
            assert set(arguments) <= targets
        elif program == ".venv/bin/python":
            assert (ROOT / f"{arguments[1].replace('.', '/')}.py").is_file()
        else:
            assert (ROOT / program).is_file()


def test_the_workflow_runs_every_version_set() -> None:
    rows = job()["strategy"]["matrix"]["include"]
    locks = {path.stem for path in (ROOT / "requirements").glob("python*.lock")}

    assert {f"python{row['python']}" for row in rows} == locks
