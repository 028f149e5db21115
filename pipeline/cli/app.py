"""The application of the `twotower` command, to which the modules of this package add commands."""

from typing import Annotated

import typer

from pipeline.version import distribution_version

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Trains a two-tower retrieval model on an interaction log and publishes it for serving.",
)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"twotower {distribution_version()}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Declares the options of `twotower` itself."""
