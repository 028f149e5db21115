"""The `twotower` command: arguments and options of its commands.

Each function below parses the arguments of one command and calls the module of the same name in
`pipeline.commands`. That module is imported inside `quiet_streams`, which redirects the start-up
messages of TensorFlow to the log file. It also keeps `--help` fast. Progress is written to stderr,
results to stdout.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Annotated

import typer

from pipeline.commands.history_option import read_history
from pipeline.commands.reindex_plan import CHANGEABLE, plan_reindex
from pipeline.config import load_settings
from pipeline.console import quiet_streams
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from pipeline.paths import run_paths
from pipeline.paused_collector import paused_collector
from pipeline.runners.read_record import read_record
from pipeline.serving.tf_serving.images import ImageChoice
from pipeline.version import distribution_version
from schemas.errors import InputError
from schemas.version_set import installed_set

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Trains a two-tower retrieval model on an interaction log and publishes it for serving.",
)


class CompileTarget(str, Enum):
    """Platforms that `twotower compile` can compile for."""

    VERTEX = "vertex"


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


def _refuse_mixture() -> None:
    """Checks that the installed libraries are one version set, before any of them is imported.

    Raises:
      InputError: They are a mixture, which could fail later or give wrong results.
    """
    installed_set()


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


@app.command()
def run(config: Config, set_: Overrides = None, output: Output = None) -> None:
    """Run the whole pipeline on this machine. The model is pushed if it passes every gate."""
    _refuse_mixture()
    settings = load_settings(config, set_ or (), output)
    with quiet_streams(run_paths(settings).log) as console:
        console.progress.write(f"twotower: {settings.name} → {settings.output}\n")
        from pipeline.commands.run import run_command

        code = run_command(settings, config, console)
    raise typer.Exit(int(code))


@app.command()
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
    _refuse_mixture()
    plan = plan_reindex(run_dir, read_record(run_dir), catalogue, set_ or (), output)
    with quiet_streams(plan.paths.log) as console:
        console.progress.write(f"twotower: {catalogue} → version {plan.version} of {run_dir}\n")
        from pipeline.commands.reindex import reindex_command

        code = reindex_command(plan, console)
    raise typer.Exit(int(code))


@app.command()
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


@app.command()
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


@app.command()
def recommend(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="Directory of a run, folder of versions, one version, or the address of a served "
            "model: http://HOST:PORT/v1/models/NAME or grpc://HOST:PORT/NAME, each with "
            "/versions/N or /labels/LABEL for another version than the newest.",
        ),
    ],
    user: Annotated[str, typer.Option(help="User id; it may be unknown to the model.")],
    history: Annotated[
        str,
        typer.Option(
            help="Ids of all items that the user has seen, as one line of CSV, oldest first: "
            'a,b,c. Quote an id with a comma: a,"b,c". Unless repeats are allowed, none of them '
            "is recommended; the model reads the newest."
        ),
    ] = "",
    item: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="One item id of the history, as it is, in place of --history. Repeatable, oldest "
            "first.",
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Number of items.")] = 10,
    titles: Annotated[
        str | None,
        typer.Option(
            metavar="RUN|FILE",
            help="Titles of the items to print: of the catalogue of a run (its first text "
            "feature), or of a CSV file with ids and titles in its first two columns. Default: "
            "the run, if it is the target.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Recommend items to one user with a pushed model."""
    items = read_history(history, item or ())
    with quiet_streams(os.devnull) as console, paused_collector():
        from pipeline.commands.recommend import recommend_command

        recommend_command(target, user, items, k, titles, as_json, console)


@app.command()
def serve(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="Directory of a run, folder of versions, or one version."
        ),
    ],
    portable: Annotated[
        bool, typer.Option("--portable", help="Serve the portable twins of a run, without ScaNN.")
    ] = False,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Default: this machine only.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the REST API; 0 for a free one.")
    ] = 8501,
    grpc_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the gRPC services; 0 for a free one.")
    ] = 8500,
    poll_seconds: Annotated[
        float, typer.Option(min=0.1, help="Time between two looks for new versions and labels.")
    ] = 2.0,
    batch_rows: Annotated[
        int, typer.Option(min=1, help="Maximum number of rows of a batch; 1 joins no requests.")
    ] = 64,
    batch_delay_us: Annotated[
        int,
        typer.Option(
            min=0,
            max=1_000_000,
            help="How long a request waits for others, in microseconds. With 0, it waits only "
            "for a free thread.",
        ),
    ] = 0,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=N",
            help="Another limit of requests: body_bytes, body_seconds, rows, list_length or k. "
            "Repeatable.",
        ),
    ] = None,
    traffic_log: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Folder for a log of requests and answers. Default: none."
        ),
    ] = None,
    traffic_sample: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Share of users in that log, with all their requests. Default: 1.",
        ),
    ] = None,
    traffic_user_key: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Key with which user ids are hashed in that log."),
    ] = None,
) -> None:
    """Serve a pushed model like TF Serving, for development: REST, gRPC, new versions."""
    with quiet_streams(os.devnull) as console:
        with paused_collector():
            from pipeline.commands.serve import serve_command
            from pipeline.serving.batching import BatchSettings
            from pipeline.serving.limits import limits_from
            from pipeline.serving.run_server import ServerSettings
            from pipeline.serving.traffic_options import traffic_settings

        settings = ServerSettings(
            host=host,
            rest_port=port,
            grpc_port=grpc_port,
            poll_s=poll_seconds,
            batches=BatchSettings(rows=batch_rows, delay_us=batch_delay_us),
            limits=limits_from(limit or ()),
            traffic=traffic_settings(traffic_log, traffic_sample, traffic_user_key),
        )
        serve_command(model, portable, settings, console)


@app.command(name="serving-config")
def serving_config(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN|CONFIG",
            help="Directory of a run; or a configuration whose push.serving_dir is on gs://.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str | None, typer.Option(help="Folder to write, instead of RUN/serving_config.")
    ] = None,
    image: Annotated[
        ImageChoice,
        typer.Option(help="scann: the model with the ScaNN index; stock: its portable twin."),
    ] = ImageChoice.BOTH,
    batching: Annotated[
        bool,
        typer.Option(
            "--batching", help="Join requests. All clients have to send lists of one length."
        ),
    ] = False,
) -> None:
    """Write the files with which TF Serving serves a pushed model: Compose and Kubernetes."""
    with quiet_streams(os.devnull) as console, paused_collector():
        from pipeline.commands.serving_config import serving_config_command

        serving_config_command(source, output, image, batching, console)


@app.command()
def monitor(
    run_dir: RunDir,
    traffic: Annotated[
        list[str],
        typer.Option(
            metavar="GLOB",
            help="Files or folder that `twotower serve --traffic-log` wrote. Repeatable.",
        ),
    ],
    interactions: Annotated[
        str | None,
        typer.Option(
            metavar="CONFIG", help="Configuration of a log with what users did after the requests."
        ),
    ] = None,
    user_key: Annotated[
        str | None, typer.Option(metavar="FILE", help="Key with which user ids are hashed.")
    ] = None,
    window: Annotated[
        str, typer.Option(help="How long after a request an event counts: 30m, 12h, 1d.")
    ] = "1d",
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="Label with which the others are compared. Default: stable, or the first one.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare served traffic with the evaluation, and labels by what users did next."""
    record = read_record(run_dir)
    with quiet_streams(os.devnull) as console:
        with paused_collector():
            from pipeline.commands.monitor import MonitorOptions, monitor_command

        options = MonitorOptions(traffic, interactions, user_key, window, baseline)
        monitor_command(run_dir, record, options, as_json, console)


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def report(run_dir: RunDir) -> None:
    """Print the summary of a run and the path of its report."""
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.report import report_command

        report_command(run_dir, console)


@app.command(name="compile")
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
    _refuse_mixture()
    settings = load_settings(config, set_ or ())
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.compile import compile_command

        compile_command(settings, output, pipeline_root, image, console)


@app.command()
def doctor(
    path: Annotated[str, typer.Option(help="Folder in which runs will be written.")] = ".",
) -> None:
    """Check Python, glibc, library versions, the ScaNN op, the CPU and the free disk space."""
    with quiet_streams(os.devnull) as console:
        from pipeline.commands.doctor import doctor_command

        code = doctor_command(path, console)
    raise typer.Exit(int(code))


def main() -> None:
    """Runs the command line; the entry point of the console script."""
    quieten()
    with _input_errors_exit():
        app()


@contextmanager
def _input_errors_exit() -> Iterator[None]:
    """Prints the message of an InputError and exits with the code for invalid input."""
    try:
        yield
    except InputError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(int(ExitCode.BAD_INPUT))


if __name__ == "__main__":
    main()
