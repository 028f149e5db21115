"""Commands that show a run, or this machine."""

import os
from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import RunDir
from pipeline.console import quiet_streams


@app.command()
def report(run_dir: RunDir) -> None:
    """Print the summary of a run and the path of its report."""
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.report import report_command

        report_command(run_dir, console)


@app.command()
def doctor(
    path: Annotated[str, typer.Option(help="Folder in which runs will be written.")] = ".",
) -> None:
    """Check Python, glibc, library versions, the ScaNN op, the CPU and the free disk space."""
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.doctor import doctor_command

        code = doctor_command(path, console)
    raise typer.Exit(int(code))
