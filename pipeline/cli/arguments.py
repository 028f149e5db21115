"""Arguments that several commands share, and the check of the installed libraries."""

from typing import Annotated

import typer

from schemas.version_set import installed_set

Config = Annotated[
    str, typer.Argument(metavar="CONFIG", help="YAML configuration file.", show_default=False)
]
RunDir = Annotated[
    str, typer.Argument(metavar="RUN", help="Directory of a run.", show_default=False)
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a key, e.g. train.max_epochs=5. Repeatable."
    ),
]
Output = Annotated[
    str | None, typer.Option(help="Run directory, instead of `output` in the configuration.")
]


def example(arguments: str) -> str:
    """Returns the text with an example that `--help` of a command shows."""
    return f"Example: twotower {arguments}"


def refuse_mixture() -> None:
    """Checks that the installed libraries are one version set, before any of them is imported.

    Raises:
      InputError: They are a mixture, which could fail later or give wrong results.
    """
    installed_set()
