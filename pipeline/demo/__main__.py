"""`python -m pipeline.demo DIR`: writes the demo log unless it is already up to date.

`twotower init --demo DIR` also writes its configuration; this command can write other seeds.
"""

import argparse
import sys
from pathlib import Path

from pipeline.demo.files import write_if_outdated
from pipeline.demo.settings import DemoSettings


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0, or 2 if the directory cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.demo", description=__doc__)
    parser.add_argument("directory", type=Path, help="folder for the log, the items and the users")
    parser.add_argument("--seed", type=int, default=DemoSettings.seed, help="random seed")
    options = parser.parse_args(arguments)
    try:
        sys.stderr.write(
            write_if_outdated(options.directory, DemoSettings(seed=options.seed)) + "\n"
        )
    except (OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
