"""Commands that show a run, a model or this machine."""

import os
from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import RunDir, example
from pipeline.console import quiet_streams
from pipeline.paused_collector import paused_collector


@app.command(epilog=example("report runs/shop --no-open"))
def report(
    run_dir: RunDir,
    opens: Annotated[
        bool | None,
        typer.Option(
            "--open/--no-open",
            help="Whether to open the report in a browser. Default: if the output is a terminal "
            "with a display, and not in continuous integration (CI is set).",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print the summary of a run, and open its report."""
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.report import report_command

        report_command(run_dir, opens, console)


@app.command(epilog=example("compare runs/monday runs/tuesday --output changes.md"))
def compare(
    run_a: Annotated[
        str, typer.Argument(metavar="RUN_A", help="Directory of a run.", show_default=False)
    ],
    run_b: Annotated[
        str, typer.Argument(metavar="RUN_B", help="Directory of another run.", show_default=False)
    ],
    output: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="File to write as well: .md (Markdown) or .json."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what differs between two runs: data, settings, code, metrics, gates, time, memory."""
    with quiet_streams(os.devnull) as console, paused_collector():
        from pipeline.commands.compare import compare_command

        compare_command(run_a, run_b, output, as_json, console)


@app.command(epilog=example("lineage runs/shop/serving/shop/1795990150"))
def lineage(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Folder of a version; folder of versions or directory of a run, for the version "
            "that serves.",
            show_default=False,
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print which data, code, configuration and run made a version."""
    with quiet_streams(os.devnull) as console, paused_collector():
        from pipeline.commands.lineage import lineage_command

        lineage_command(model, as_json, console)


@app.command(epilog=example("doctor --path runs"))
def doctor(
    path: Annotated[str, typer.Option(help="Folder in which runs will be written.")] = ".",
) -> None:
    """Check Python, glibc, library versions, the ScaNN op, the CPU and the free disk space."""
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.doctor import doctor_command

        code = doctor_command(path, console)
    raise typer.Exit(int(code))
