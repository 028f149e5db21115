"""The options that each program of this benchmark takes."""

import argparse
from pathlib import Path


def program_parser(name: str) -> argparse.ArgumentParser:
    """Returns the parser of a program, a module of this package.

    Its namespace has `log`, the file of the log; `history`, the events of a history, 0 for none;
    `dim`, the embedding size; `batch`, the size of a step; `epochs`; and `seconds`, the time limit.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.training.{name}")
    parser.add_argument("log", type=Path)
    for option in ("history", "dim", "batch", "epochs"):
        parser.add_argument(f"--{option}", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    return parser
