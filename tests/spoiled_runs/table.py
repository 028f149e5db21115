"""Prints the spoiled runs with the gate and the sentence that refuses each, as Markdown."""

import tempfile
from pathlib import Path

from tests.spoiled_runs.cases import CASES
from tests.spoiled_runs.models import write_log


def main() -> None:
    """Prints one line for each case."""
    print("| spoiled | gate | sentence |")
    print("|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        log = write_log(Path(folder))
        for case in CASES:
            gates = {gate.name: gate for gate in case.gates(log)}
            gate = gates[case.gate]
            assert not gate.passed, gate
            print(f"| {case.spoiled} | `{gate.name}` | {gate.reason.replace('|', '·')} |")


if __name__ == "__main__":
    main()
