"""The `twotower` command. Progress goes to stderr, results to stdout.

Heavy libraries are imported inside the commands, after the terminal has been set apart from the
log file, so that `--help` is quick and TensorFlow's start-up noise stays out of sight.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.reindex_settings import plan_reindex
from pipeline.config import load_settings
from pipeline.console import Console, quiet_streams
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from pipeline.paths import run_paths
from schemas.errors import InputError
from schemas.steps import METRICS_FILE, REPORT_FILE, RUN_FILE

if TYPE_CHECKING:
    from pipeline.runners.local import RunOutcome

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Raw interaction logs in, a served two-tower retrieval model out.",
)

Config = Annotated[str, typer.Argument(help="A YAML configuration.", show_default=False)]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY.SUB=VALUE", help="Overrides one key.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as a program would read it.")]
Output = Annotated[str | None, typer.Option(help="The run directory, instead of the file's own.")]


@app.command()
def run(config: Config, set_: Overrides = None, output: Output = None) -> None:
    """Runs the whole pipeline here and pushes the model if every gate passes."""
    settings = load_settings(config, set_ or (), output)
    with quiet_streams(run_paths(settings).log) as console:
        console.progress.write(f"twotower: {settings.name} → {settings.output}\n")
        from pipeline.commands.results import render_outcome, render_recommendations
        from pipeline.runners.local import run_local

        outcome = run_local(settings, config, console)
        console.result.write(render_outcome(outcome))
        console.result.write(render_recommendations(settings, outcome))
        _tell_error(outcome, console)
    raise typer.Exit(int(outcome.code))


@app.command()
def reindex(
    run_dir: Annotated[str, typer.Argument(metavar="RUN", help="A run directory.")],
    catalogue: Annotated[str, typer.Option(help="The changed catalogue, laid out as before.")],
    set_: Overrides = None,
    output: Annotated[
        str | None, typer.Option(help="Where the record goes, instead of RUN/reindex.")
    ] = None,
) -> None:
    """Pushes an index of a changed catalogue, with the model that a run pushed."""
    planned = plan_reindex(run_dir, _read(run_dir, RUN_FILE), catalogue, set_ or (), output)
    with quiet_streams(planned.paths.log) as console:
        console.progress.write(f"twotower: {catalogue} → version {planned.version} of {run_dir}\n")
        from pipeline.commands.reindex import render_reindexed, run_reindex
        from pipeline.commands.results import render_outcome

        outcome = run_reindex(planned, console)
        console.result.write(render_outcome(outcome))
        console.result.write(render_reindexed(planned, outcome))
        _tell_error(outcome, console)
    raise typer.Exit(int(outcome.code))


@app.command()
def ingest(
    config: Config,
    set_: Overrides = None,
    output: Output = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, also on a terminal.")
    ] = False,
) -> None:
    """Reads the log and the catalogue alone, and prints what was kept and what rejected."""
    settings = load_settings(config, set_ or (), output)
    with quiet_streams(run_paths(settings).log) as console:
        from pipeline.commands.ingest_only import ingest_only
        from pipeline.commands.ingest_table import render_counts

        counts = ingest_only(settings)
        plain = as_json or not console.result.isatty()
        console.result.write(json.dumps(counts) + "\n" if plain else render_counts(counts))


@app.command()
def schema(
    config: Config,
    set_: Overrides = None,
    output: Annotated[str | None, typer.Option(help="The file to write, not stdout.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Infers a schema to curate: which values are fit, and how far they may drift."""
    settings = load_settings(config, set_ or ())
    with quiet_streams(run_paths(settings).log) as console:
        from pipeline.commands.infer_schema import check_output, infer_schema

        check_output(output, force)
        text = infer_schema(settings)
        if output is None:
            console.result.write(text)
        else:
            Path(output).write_text(text, encoding="utf-8")
            console.result.write(f"{output}\n")


@app.command()
def recommend(
    model: Annotated[str, typer.Argument(help="A directory of versions, or one version.")],
    user: Annotated[str, typer.Option(help="The user's id; unknown ids are answered too.")],
    history: Annotated[str, typer.Option(help="Item ids, oldest first: a,b,c")] = "",
    k: Annotated[int, typer.Option("-k", min=1, help="How many items.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Asks a pushed model for recommendations."""
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.recommend import recommend_items, render_recommendations

        items = [item.strip() for item in history.split(",") if item.strip()]
        recommendations = recommend_items(model, user, items, k)
        if as_json:
            rows = [recommendation.to_dict() for recommendation in recommendations]
            console.result.write(json.dumps(rows, ensure_ascii=False) + "\n")
        else:
            console.result.write(render_recommendations(recommendations))


@app.command()
def unavailable(
    run_dir: Annotated[str, typer.Argument(metavar="RUN", help="A run directory.")],
    items: Annotated[
        str, typer.Argument(metavar="FILE", help="Item ids, one a line; empty: all are available.")
    ],
) -> None:
    """Replaces the list of items that may not be recommended; towers and index stay."""
    record = _read(run_dir, RUN_FILE)
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.change_served import replace_unavailable

        console.result.write(replace_unavailable(run_dir, record, items))


@app.command()
def rollback(
    run_dir: Annotated[str, typer.Argument(metavar="RUN", help="A run directory.")],
    to: Annotated[int | None, typer.Option(help="The version, instead of the one before.")] = None,
) -> None:
    """Serves an older version again; newer ones are kept under hidden names."""
    record = _read(run_dir, RUN_FILE)
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.change_served import go_back

        console.result.write(go_back(run_dir, record, to))


@app.command()
def report(run_dir: Annotated[str, typer.Argument(metavar="RUN", help="A run directory.")]) -> None:
    """Prints the summary of a run and where its report is."""
    from components.run_reporter.summary import render_summary

    typer.echo(render_summary(_read(run_dir, METRICS_FILE), _read(run_dir, RUN_FILE)))
    typer.echo(f"Report: {Path(run_dir) / REPORT_FILE}")


@app.command(name="compile")
def compile_(
    config: Config,
    target: Annotated[str, typer.Option(help="vertex")],
    set_: Overrides = None,
    output: Annotated[str | None, typer.Option(help="The file to write.")] = None,
    pipeline_root: Annotated[
        str, typer.Option(help="Where artifacts go.")
    ] = "gs://BUCKET/twotower",
    image: Annotated[str, typer.Option(help="The container image.")] = "twotower:latest",
) -> None:
    """Writes the pipeline as KFP v2 IR."""
    settings = load_settings(config, set_ or ())
    if target != "vertex":
        raise InputError(f"--target {target}: unknown target; the one possible is vertex")
    path = output or f"{settings.name}.json"
    with quiet_streams(os.devnull) as console:
        from pipeline.runners.vertex import compile_ir

        compile_ir(settings, path, pipeline_root, image)
        console.result.write(f"{path}\n")


@app.command()
def doctor(
    path: Annotated[str, typer.Option(help="Where runs will be written.")] = ".",
) -> None:
    """Checks the interpreter, the versions, the ScaNN op, the CPU and the disk."""
    if not Path(path).is_dir():
        raise InputError(f"--path {path}: no such directory")
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.doctor import render, run_checks

        checks = run_checks(Path(path))
        console.result.write(render(checks) + "\n")
    if not all(check.passed for check in checks):
        raise typer.Exit(int(ExitCode.BAD_INPUT))


def main() -> None:
    """Entry point of the console script."""
    quieten()
    with _input_errors():
        app()


@contextmanager
def _input_errors() -> Iterator[None]:
    try:
        yield
    except InputError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(int(ExitCode.BAD_INPUT))


def _tell_error(outcome: "RunOutcome", console: Console) -> None:
    if outcome.error:
        console.progress.write(f"error: {outcome.error}\n")
        console.progress.write(f"The full log is in {outcome.paths.log}\n")


def _read(run_dir: str, name: str) -> dict[str, Any]:
    path = Path(run_dir) / name
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a run directory, as `twotower run` makes")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: damaged ({error}); run `twotower run` again") from error
    if not isinstance(record, dict):
        raise InputError(
            f"{path}: damaged (expected a JSON object, got {type(record).__name__}); run `twotower "
            "run` again"
        )
    return record


if __name__ == "__main__":
    main()
