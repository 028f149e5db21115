"""Repeats of a user's earlier events, compared with the complete lists of seen items."""

import numpy as np
import pytest

from components.evaluator.columns import EventColumns
from components.evaluator.history import Timeline
from tests.components.evaluator.logs import event_columns


def random_splits(seed: int) -> dict[str, EventColumns]:
    """Generates overlapping windows with several events per second, in three splits."""
    generator = np.random.default_rng(seed)
    parts: dict[str, list[tuple[int, list[tuple[int, int, int]]]]] = {
        "train": [], "eval": [], "past": [],
    }  # fmt: skip
    for user in range(30):
        length = int(generator.integers(1, 20))
        times = np.sort(generator.integers(0, 12, length)).tolist()
        events = [(int(i), t) for i, t in zip(generator.integers(0, 6, length), times, strict=True)]
        cut = int(generator.integers(0, length + 1))
        for split, first, last in (("train", 0, cut), ("eval", cut, length)):
            for start in range(first, last, 4):
                shown = range(max(0, start - 2), min(start + 4, last))
                window = [(*events[n], int(n >= start)) for n in shown]
                parts[split].append((user, window))
        parts["past"].append((user, [(int(generator.integers(0, 6)), -1, 0)]))
    return {split: event_columns(windows) for split, windows in parts.items()}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("split", ["train", "eval"])
def test_repeats_are_the_events_on_seen_items(seed: int, split: str) -> None:
    splits = random_splits(seed)
    timeline = Timeline.from_splits(splits.values())
    events = splits[split]
    position = np.flatnonzero(events.is_target)

    expected = timeline.seen_before_event(events, position).contains(
        np.arange(len(position)), events.item[position]
    )

    assert timeline.is_repeat(events, position).tolist() == expected.tolist()
    assert 0 < expected.sum() < len(expected)
