"""The `twotower` command: arguments and options of its commands.

Each function with `@app.command` in a module of this package parses the arguments of one command
and calls the module of the same name in `pipeline.commands`. That module is imported inside
`quiet_streams`, which redirects the start-up messages of TensorFlow to the log file. It also keeps
`--help` fast. Progress is written to stderr, results to stdout.
"""

# `--help` lists the commands in the order of these imports.
from pipeline.cli import (  # isort: skip
    start_commands,
    pipeline_commands,
    serving_commands,
    version_commands,
    inspection_commands,
)
from pipeline.cli.app import app
from pipeline.cli.entry_point import main

__all__ = [
    "app",
    "inspection_commands",
    "main",
    "pipeline_commands",
    "serving_commands",
    "start_commands",
    "version_commands",
]
