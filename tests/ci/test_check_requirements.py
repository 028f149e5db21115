"""The check of installed distributions against their requirements and the overrides of a set."""

import importlib.util
from pathlib import Path

import pytest
from packaging.requirements import Requirement

_PATH = Path(__file__).parents[2] / ".ci" / "check_requirements.py"
_SPEC = importlib.util.spec_from_file_location("check_requirements", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
check_requirements = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(check_requirements)

OVERRIDES = """
# A reason.
tensorflow==2.20.0  # and a comment
NumPy==2.4.6
"""
INSTALLED = {"tensorflow": "2.20.0", "numpy": "2.4.6", "scann": "1.4.2", "typing-extensions": "4.1"}


@pytest.mark.parametrize(
    ("declared", "messages"),
    [
        ("scann==1.4.2", []),
        ("Typing_Extensions>=4", []),
        ("scann==1.3.2", ["tfx requires scann==1.3.2, but 1.4.2 is installed"]),
        ("absl-py>=1", ["tfx requires absl-py>=1, but it is not installed"]),
        # An override replaces every requirement on its package.
        ("tensorflow>=2.21,<2.22", []),
        ("numpy<2", []),
    ],
)
def test_every_requirement_is_met_or_overridden(declared: str, messages: list[str]) -> None:
    overrides = check_requirements.read_overrides(OVERRIDES)

    found = check_requirements.unmet_requirements(
        [("tfx", Requirement(declared))], INSTALLED, overrides
    )

    assert found == messages


def test_a_version_other_than_that_of_the_override_is_not_met() -> None:
    overrides = check_requirements.read_overrides(OVERRIDES)

    (message,) = check_requirements.unmet_requirements(
        [("tfx", Requirement("tensorflow>=2.21"))], {"tensorflow": "2.21.0"}, overrides
    )

    assert message == "tfx requires tensorflow==2.20.0 (override), but 2.21.0 is installed"
