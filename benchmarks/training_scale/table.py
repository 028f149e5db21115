"""The table of the benchmark."""

from collections.abc import Sequence
from typing import Any

_MB_PER_GB = 1024


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Returns a Markdown table with one line per size, from results of `train_and_export`."""
    stages = list(rows[0]["stages"])
    heads = [
        "items",
        "targets",
        "parameters, M",
        "s per million targets",
        "peak, GB",
        *(f"{name}, s (GB)" for name in stages),
    ]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in rows:
        cells = [
            f"{row['items']:,}",
            f"{row['targets']:,}",
            f"{row['parameters'] / 1e6:.0f}",
            f"{row['seconds_per_million_targets']:.0f}",
            f"{row['peak_mb'] / _MB_PER_GB:.1f}",
            *(_cell(row["stages"][name]) for name in stages),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(stage: dict[str, float]) -> str:
    return f"{stage['seconds']:.0f} ({stage['peak_mb'] / _MB_PER_GB:.1f})"
