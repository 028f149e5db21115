"""The section on training."""

import re

from components.run_reporter.charts.lines import MAX_LINES
from tests.components.run_reporter import runs
from tests.components.run_reporter.pages import render, sections


def test_every_validation_metric_is_in_the_table_of_the_training() -> None:
    fragments = runs.fragments()
    names = [f"recall@{k}" for k in range(1, MAX_LINES + 3)]
    fragments["TwoTowerTrainer"]["history"] = [
        {"epoch": epoch, "loss": 1.0, **{f"val_{name}": 0.1 for name in names}} for epoch in (1, 2)
    ]
    training = sections(render(fragments=fragments))["Training"]
    table = training.partition("chart-training-metrics")[2]
    assert re.findall('<th scope="col"[^>]*>(recall@.*?)</th>', table) == names
