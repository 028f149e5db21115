"""`--help` of each command: an example, which the command accepts."""

import shlex
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from pipeline.cli import app

# Typer may contain a Click of its own, so that the classes of Click do not apply.
GROUP: Any = typer.main.get_command(app)
COMMANDS = GROUP.commands


def example_of(name: str) -> list[str]:
    """Returns the arguments in the example of a command."""
    epilog = COMMANDS[name].epilog or ""
    program, command, *arguments = shlex.split(epilog.removeprefix("Example: "))
    assert (program, command) == ("twotower", name), epilog
    return arguments


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_accepts_its_example(name: str) -> None:
    context = COMMANDS[name].make_context(name, example_of(name))
    assert context.params


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_the_example_and_what_the_command_does(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"], catch_exceptions=False).stdout
    words = shown.split()
    assert " ".join(example_of(name)[:1]) in words
    assert "Example:" in words
    assert (COMMANDS[name].help or "").split()[0] in words


def test_an_example_with_an_unknown_option_is_found() -> None:
    with pytest.raises(Exception, match="No such option: --sett"):
        COMMANDS["run"].make_context("run", ["shop.yaml", "--sett", "a=1"])
