"""The locks and the overrides against setup.py, and the README against the locks."""

import importlib.metadata
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.10", "3.12")
README_COLUMNS = ("tensorflow", "tfx", "apache-beam", "scann")


def required(python: str) -> dict[str, Requirement]:
    """The run-time requirements of this project on a Python."""
    requirements = map(Requirement, importlib.metadata.requires("twotower") or ())
    environment = {"python_version": python, "extra": ""}
    return {
        canonicalize_name(r.name): r
        for r in requirements
        if r.marker is None or r.marker.evaluate(environment)
    }


def locked(python: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / f"python{python}.lock").read_text("utf-8").splitlines()
    pins = (line.split("==") for line in lines if re.match(r"[a-z]", line))
    return {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("python", PYTHONS)
def test_a_lock_meets_every_requirement_of_its_set(python: str) -> None:
    lock = locked(python)

    unmet = [
        str(r)
        for name, r in required(python).items()
        if not r.specifier.contains(lock.get(name, "0"))
    ]

    assert not unmet
    assert len(lock) > 200


def test_overrides_state_the_versions_of_setup_py() -> None:
    text = (ROOT / "requirements" / "python3.12.overrides").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    overrides = {r.name: r.specifier for r in map(Requirement, lines)}

    assert overrides == {name: required("3.12")[name].specifier for name in overrides}
    assert set(overrides) == {"tensorflow", "numpy"}


def test_the_readme_shows_the_versions_of_the_locks() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"^\|[^|]*glibc.*lock` \||^\| older:.*lock` \|", readme, re.MULTILINE)
    cells = [[cell.strip() for cell in row.split("|")[2:-1]] for row in rows]

    for python in PYTHONS:
        versions = [locked(python)[name] for name in README_COLUMNS]
        assert [python, *versions, f"`requirements/python{python}.lock`"] in cells
