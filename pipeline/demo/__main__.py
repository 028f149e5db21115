"""`python -m pipeline.demo DIR`: writes the demo log unless it is already up to date."""

import argparse
import sys
import time
from pathlib import Path

from pipeline.demo.files import current_manifest, write_world
from pipeline.demo.settings import GENERATOR_VERSION, DemoSettings


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0, or 2 if the directory cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.demo", description=__doc__)
    parser.add_argument("directory", type=Path, help="folder for the log, the items and the users")
    parser.add_argument("--seed", type=int, default=DemoSettings.seed, help="random seed")
    options = parser.parse_args(arguments)
    try:
        settings = DemoSettings(seed=options.seed)
        if current_manifest(options.directory, settings):
            _print_progress(
                f"demo log in {options.directory} is up to date (version {GENERATOR_VERSION})"
            )
            return 0
        _print_progress(f"writing the demo log to {options.directory} ...")
        start_s = time.monotonic()
        counts = write_world(options.directory, settings)["counts"]
    except (OSError, ValueError) as error:
        _print_progress(f"error: {error}")
        return 2
    _print_progress(
        f"wrote {counts['lines']:,} lines ({counts['clean']:,} clean events), "
        f"{counts['items']:,} items, {counts['users']:,} users "
        f"in {time.monotonic() - start_s:.0f} s"
    )
    return 0


def _print_progress(message: str) -> None:
    sys.stderr.write(message + "\n")


if __name__ == "__main__":
    sys.exit(main())
