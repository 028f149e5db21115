"""Commands that change what is served, without training."""

import os
from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import RunDir, example
from pipeline.console import quiet_streams
from pipeline.paused_collector import paused_collector
from pipeline.runners.read_record import read_record


@app.command(epilog=example("unavailable runs/shop sold-out.txt"))
def unavailable(
    run_dir: RunDir,
    items: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Item ids, one per line. An empty file makes all items available."
        ),
    ],
) -> None:
    """Replace the list of items that are not recommended, without training or indexing."""
    record = read_record(run_dir)
    with quiet_streams(os.devnull) as console, paused_collector():
        from pipeline.commands.unavailable import unavailable_command

        unavailable_command(run_dir, record, items, console)


@app.command(epilog=example("rollback runs/shop --to 1795990150"))
def rollback(
    run_dir: RunDir,
    to: Annotated[
        int | None,
        typer.Option(help="Version to serve. Default: the newest version of another model."),
    ] = None,
) -> None:
    """Serve an older version. Newer versions are hidden from the server, not deleted."""
    record = read_record(run_dir)
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.rollback import rollback_command

        rollback_command(run_dir, record, to, console)


@app.command(epilog=example("label runs/shop canary=1795990150"))
def label(
    run_dir: RunDir,
    labels: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VERSION",
            help="Labels to set, e.g. canary=1795990150. Without any, and "
            "without --remove, the labels are printed.",
            show_default=False,
        ),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="NAME", help="Label to remove. Repeatable."),
    ] = None,
) -> None:
    """Label versions for TensorFlow Serving, and print all labels."""
    record = read_record(run_dir)
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.label import label_command

        label_command(run_dir, record, labels or (), remove or (), console)
