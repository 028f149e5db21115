"""Commands that run the pipeline or a part of it."""

import os
from enum import Enum
from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import Config, Output, Overrides, RunDir, example, refuse_mixture
from pipeline.commands.reindex_plan import CHANGEABLE, plan_reindex
from pipeline.config import load_settings
from pipeline.console import quiet_streams
from pipeline.paths import run_paths
from pipeline.paused_collector import paused_collector
from pipeline.runners.read_record import read_record


class CompileTarget(str, Enum):
    """Platforms that `twotower compile` can compile for."""

    VERTEX = "vertex"


@app.command(epilog=example("run shop.yaml --set train.max_epochs=5"))
def run(config: Config, set_: Overrides = None, output: Output = None) -> None:
    """Run the whole pipeline on this machine. The model is pushed if it passes every gate."""
    refuse_mixture()
    settings = load_settings(config, set_ or (), output)
    with quiet_streams(run_paths(settings).log) as console:
        console.progress.write(f"twotower: {settings.name} → {settings.output}\n")
        from pipeline.commands.run import run_command

        code = run_command(settings, config, console)
    raise typer.Exit(int(code))


@app.command(epilog=example("reindex runs/shop --catalogue catalogue.jsonl"))
def reindex(
    run_dir: RunDir,
    catalogue: Annotated[
        str, typer.Option(help="The changed catalogue, in the format of the run's catalogue.")
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help=f"Override a key of {', '.join(CHANGEABLE)}, e.g. index.k=20. Repeatable.",
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option(help="Folder for report and log, instead of RUN/reindex.")
    ] = None,
) -> None:
    """Index a changed catalogue with the model that a run pushed, and push the index."""
    refuse_mixture()
    plan = plan_reindex(run_dir, read_record(run_dir), catalogue, set_ or (), output)
    with quiet_streams(plan.paths.log) as console:
        console.progress.write(f"twotower: {catalogue} → version {plan.version} of {run_dir}\n")
        from pipeline.commands.reindex import reindex_command

        code = reindex_command(plan, console)
    raise typer.Exit(int(code))


@app.command(epilog=example("ingest shop.yaml"))
def ingest(
    config: Config,
    set_: Overrides = None,
    output: Output = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, also on a terminal.")
    ] = False,
) -> None:
    """Read the log and the catalogue without training, and count kept and rejected records."""
    settings = load_settings(config, set_ or (), output)
    with quiet_streams(run_paths(settings).log) as console:
        with paused_collector():
            from pipeline.commands.ingest import ingest_command

        ingest_command(settings, as_json, console)


@app.command(epilog=example("schema shop.yaml --output shop.pbtxt"))
def schema(
    config: Config,
    set_: Overrides = None,
    output: Annotated[str | None, typer.Option(help="File to write, instead of stdout.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Infer a schema from the log and the catalogue: valid values and drift limits, to curate."""
    settings = load_settings(config, set_ or ())
    with quiet_streams(run_paths(settings).log) as console:
        from pipeline.commands.schema import schema_command

        schema_command(settings, output, force, console)


@app.command(
    name="compile",
    epilog=example("compile shop.yaml --target vertex --pipeline-root gs://shop/twotower"),
)
def compile_(
    config: Config,
    target: Annotated[CompileTarget, typer.Option(help="Platform to compile for.")],
    set_: Overrides = None,
    output: Annotated[
        str | None, typer.Option(help="JSON file to write. Default: NAME.json.")
    ] = None,
    pipeline_root: Annotated[
        str, typer.Option(help="Remote folder for artifacts.")
    ] = "gs://BUCKET/twotower",
    image: Annotated[
        str, typer.Option(help="Container image with twotower installed.")
    ] = "twotower:latest",
) -> None:
    """Compile the pipeline to KFP v2 IR."""
    refuse_mixture()
    settings = load_settings(config, set_ or ())
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.compile import compile_command

        compile_command(settings, output, pipeline_root, image, console)
