"""Commands that serve pushed models, call them, and compare what they served."""

import os
from typing import Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import RunDir, example
from pipeline.commands.history_option import read_history
from pipeline.console import quiet_streams
from pipeline.paused_collector import paused_collector
from pipeline.runners.read_record import read_record
from pipeline.serving.tf_serving.images import ImageChoice


@app.command(epilog=example("recommend runs/shop --user 42 --history sku1,sku2 -k 10"))
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


@app.command(epilog=example("serve runs/shop --port 8501"))
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


@app.command(epilog=example("explore runs/shop --open"))
def explore(
    run_dir: RunDir,
    server: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Address of a served model to compare with: http://HOST:PORT/v1/models/NAME or "
            "grpc://HOST:PORT/NAME. Repeatable.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for a free one.")] = 8700,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser of this machine.")
    ] = False,
) -> None:
    """Show a local web page: recommendations, why, neighbours, filters, two versions."""
    with quiet_streams(os.devnull) as console:
        with paused_collector():
            from pipeline.commands.explore import explore_command

        explore_command(run_dir, server or (), port, open_browser, console)


@app.command(name="serving-config", epilog=example("serving-config runs/shop --image stock"))
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


@app.command(epilog=example("monitor runs/shop --traffic traffic --window 12h"))
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
