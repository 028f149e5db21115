"""Load, version switches and endurance of the development server.

    .venv/bin/python -m benchmarks.serving load MODEL [--seconds 5]
    .venv/bin/python -m benchmarks.serving switches MODEL [OTHER] [--requests 1000]
    .venv/bin/python -m benchmarks.serving soak RUN [--minutes 10]

`load` prints latencies and throughput by number of clients, batch and protocol, and those of the
model called in one process. `switches` prints memory and latency while a version is replaced.
`soak` sends requests while versions are pushed, rolled back and refused, and prints failed requests
and memory. MODEL is the folder of one version, RUN that of a finished run, which is copied.
"""

import argparse
import asyncio

from benchmarks.serving import load, soak, switches
from components.indexer.probe.served_model import load_scann_ops
from pipeline.environment import quieten


def main() -> None:
    """Prints the figures of one of the measurements."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving", description=(__doc__ or "").splitlines()[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("load", help="latency and throughput")
    command.add_argument("model", help="folder of one version")
    command.add_argument("--seconds", type=float, default=5.0, help="of each row of the table")
    command = commands.add_parser("switches", help="memory and latency at a version switch")
    command.add_argument("model", help="folder of one version")
    command.add_argument("other", nargs="?", help="the version to switch to, by default the same")
    command.add_argument("--requests", type=int, default=1000)
    command = commands.add_parser("soak", help="requests while versions change")
    command.add_argument("run", help="directory of a finished run")
    command.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    quieten()
    load_scann_ops()
    if options.command == "load":
        load.measure(options.model, options.seconds)
    elif options.command == "switches":
        asyncio.run(
            switches.measure(options.model, options.other or options.model, options.requests)
        )
    else:
        asyncio.run(soak.measure(options.run, options.minutes * 60))


if __name__ == "__main__":
    main()
