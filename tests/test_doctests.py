"""The examples in docstrings run and print what they show."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("schemas", "components", "pipeline")
    for path in sorted((ROOT / package).rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_show(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))

    assert result.attempted > 0
    assert result.failed == 0


def test_the_functions_that_a_reader_tries_first_have_examples() -> None:
    packages = {name.rpartition(".")[0] for name in MODULES}
    assert {
        "components.evaluator",
        "components.example_gen",
        "components.trainer.losses",
    } <= packages
