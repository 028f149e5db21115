"""The command that writes a first configuration."""

import os
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import example
from pipeline.console import quiet_streams
from pipeline.paused_collector import paused_collector
from schemas.errors import InputError


@app.command(epilog=example("init logs/events.csv --items catalogue.csv --users customers.csv"))
def init(
    log: Annotated[
        str | None,
        typer.Argument(
            metavar="LOG", help="The log: a file, a glob or a folder.", show_default=False
        ),
    ] = None,
    items: Annotated[str | None, typer.Option(metavar="FILE", help="The item catalogue.")] = None,
    users: Annotated[str | None, typer.Option(metavar="FILE", help="The users file.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="FIELD=COLUMN",
            help="The column of user_id, item_id, timestamp, event_type, value or event_id, if it "
            "is not to be inferred, e.g. user_id=customer. Repeatable.",
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="File to write. Default: NAME.yaml.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    demo: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the demo log and its configuration to this folder, in place of LOG.",
        ),
    ] = None,
) -> None:
    """Write a starter configuration for a log: look at its files, and propose how to read them."""
    others = (log, items, users, column, output)
    if (demo is None) == (log is None) or (demo is not None and any(others)):
        raise InputError("init: give a LOG and its options, or --demo DIR with at most --force")
    with quiet_streams(os.devnull) as console, paused_collector():
        if demo is not None:
            from pipeline.commands.init_demo import init_demo_command

            init_demo_command(demo, force, console)
        else:
            from pipeline.commands.init import InitOptions, init_command

            options = InitOptions(str(log), items, users, tuple(column or ()), output, force)
            init_command(options, console)
