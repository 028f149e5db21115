"""The version sets: which versions belong to which Python, and what a mixture's error contains."""

import importlib.metadata
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import version_set
from schemas.errors import InputError
from schemas.version_set import VersionSets

OLD = {"tensorflow": "2.16.2", "tf-keras": "2.16.0", "scann": "1.3.2", "both": "7"}
NEW = {"tensorflow": "2.20.0", "tf-keras": "2.20.1", "scann": "1.4.2", "both": "7"}
SETS = VersionSets(
    (
        'tensorflow==2.16.2; python_version == "3.10"',
        'tf_keras==2.16.0; python_version == "3.10"',
        'scann[extra]==1.3.2; python_version == "3.10"',
        'tensorflow==2.20.0; python_version == "3.12"',
        'tf-keras==2.20.1; python_version == "3.12"',
        'scann==1.4.2; python_version == "3.12"',
        "both==7",
        "ranged>=1,<2",
        "any-patch==3.*",
        'backport>=1; python_full_version < "3.11.0"',
        'tool==5; extra == "dev"',
    ),
    ">=3.10,!=3.11.*,<3.13",
)


def test_each_python_has_its_own_exact_versions() -> None:
    assert SETS.pythons == ("3.10", "3.12")
    assert SETS.pins("3.10") == OLD
    assert SETS.pins("3.12") == NEW


@pytest.mark.parametrize(
    ("python", "names"),
    [
        ("3.10", ["tensorflow", "tf_keras", "scann", "both", "ranged", "any-patch", "backport"]),
        ("3.12", ["tensorflow", "tf-keras", "scann", "both", "ranged", "any-patch"]),
        ("3.11", ["both", "ranged", "any-patch"]),
    ],
)
def test_requirements_are_those_of_the_python_without_extras(python: str, names: list[str]) -> None:
    assert [requirement.name for requirement in SETS.requirements(python)] == names


@pytest.mark.parametrize(("python", "installed"), [("3.10", OLD), ("3.12", NEW)])
def test_name_of_the_installed_set(python: str, installed: dict[str, str]) -> None:
    assert SETS.check_installed(python, installed.get) == f"python{python}"


@pytest.mark.parametrize(
    ("python", "installed", "expected"),
    [
        (
            "3.10",
            {**OLD, "tensorflow": "2.20.0"},
            ["tensorflow is 2.20.0, a version of python3.12 (expected 2.16.2)"],
        ),
        (
            "3.12",
            {**NEW, "scann": "1.3.2"},
            ["scann is 1.3.2, a version of python3.10 (expected 1.4.2)"],
        ),
        ("3.12", {**NEW, "scann": "1.4.3"}, ["scann is 1.4.3 (expected 1.4.2)"]),
        ("3.12", {**NEW, "scann": "1.4.2rc1"}, ["scann is 1.4.2rc1 (expected 1.4.2)"]),
        ("3.10", {**OLD, "both": "8"}, ["both is 8 (expected 7)"]),
        (
            "3.10",
            {"tensorflow": "2.16.2", "tf-keras": "2.20.1", "both": "7"},
            [
                "tf-keras is 2.20.1, a version of python3.12 (expected 2.16.0)",
                "scann is not installed (expected 1.3.2)",
            ],
        ),
    ],
)
def test_mixture_is_an_error_that_names_each_difference_and_the_remedy(
    python: str, installed: dict[str, str], expected: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        SETS.check_installed(python, installed.get)

    message = str(caught.value)
    listed = message.partition(" needs: ")[2].partition(". Install")[0]
    assert listed.split("; ") == expected
    assert f"Python {python}" in message
    assert "`make clean setup`" in message
    assert f"--no-deps -r requirements/python{python}.lock" in message


@pytest.mark.parametrize("python", ["3.9", "3.11", "3.13", "2.7", "4.10"])
def test_other_python_is_an_error_with_the_supported_ones(python: str) -> None:
    with pytest.raises(InputError, match=rf"Python {re.escape(python)} .*expected 3\.10 or 3\.12"):
        SETS.check_installed(python, OLD.get)


@given(
    python=st.sampled_from(["3.10", "3.12"]),
    chosen=st.fixed_dictionaries({name: st.sampled_from([OLD, NEW, {}]) for name in OLD}),
)
def test_only_the_complete_set_passes(python: str, chosen: dict[str, dict[str, str]]) -> None:
    installed = {name: source[name] for name, source in chosen.items() if name in source}
    expected = SETS.pins(python)
    different = [name for name in expected if installed.get(name) != expected[name]]
    if not different:
        assert SETS.check_installed(python, installed.get) == f"python{python}"
        return
    with pytest.raises(InputError) as caught:
        SETS.check_installed(python, installed.get)
    assert all(f"{name} is " in str(caught.value) for name in different)
    assert str(caught.value).count("(expected ") == len(different)


@pytest.mark.parametrize(
    ("version", "pin", "same"),
    [
        ("2.16.2", "2.16.2", True),
        ("2.16.2+cu12", "2.16.2", True),
        ("2.16.2.0", "2.16.2", True),
        ("2.16.2.post1", "2.16.2", False),
        ("2.16.20", "2.16.2", False),
    ],
)
def test_local_suffix_is_the_same_version(version: str, pin: str, same: bool) -> None:
    assert version_set.is_version(version, pin) is same


def test_sets_come_from_the_metadata_of_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    name = version_set.DISTRIBUTION
    assert version_set.declared_sets() == VersionSets(
        tuple(importlib.metadata.requires(name) or ()),
        importlib.metadata.metadata(name)["Requires-Python"],
    )
    monkeypatch.setattr(version_set, "DISTRIBUTION", "no-such-distribution")
    with pytest.raises(InputError, match=r"no-such-distribution is not installed.*make setup"):
        version_set.declared_sets()


def test_this_environment_is_the_set_of_its_python() -> None:
    name = "python{}.{}".format(*sys.version_info[:2])
    assert version_set.installed_set() == version_set.recorded_set() == name


def test_record_of_a_mixture_has_no_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version_set, "installed_version", lambda name: "0.0.1")
    assert version_set.recorded_set() is None
    with pytest.raises(InputError, match=r"tensorflow is 0\.0\.1 \(expected"):
        version_set.installed_set()
