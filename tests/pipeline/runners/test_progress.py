"""Progress lines, printed from the records that TFX's runner logs."""

import io
import logging

from components.progress import PROGRESS_LOGGER
from pipeline.runners.progress import ProgressHandler


def test_lines_of_a_run_step_a_cached_step_and_a_steps_own_progress() -> None:
    times = iter([0.0, 12.34, 20.0, 20.5])
    stream = io.StringIO()
    handler = ProgressHandler(stream, clock=lambda: next(times))
    handler.expect(16, {})
    absl = logging.Logger("absl")
    absl.addHandler(handler)
    steps = logging.Logger(PROGRESS_LOGGER)
    steps.addHandler(handler)

    absl.info("Component %s is running.", "TwoTowerTrainer")
    steps.info("epoch %d/%d  loss %.3f", 1, 20, 5.5)
    absl.info("Some other line")
    absl.info("Component %s is finished.", "TwoTowerTrainer")
    absl.info("Component %s is running.", "ScannIndexer")
    absl.info("A cached execution %d is used.", 7)
    absl.info("Component %s is finished.", "ScannIndexer")

    assert stream.getvalue().splitlines() == [
        "[ 1/16] TwoTowerTrainer …",
        "        epoch 1/20  loss 5.500",
        "[ 1/16] TwoTowerTrainer done (12.3 s)",
        "[ 2/16] ScannIndexer …",
        "[ 2/16] ScannIndexer done (unchanged, from cache)",
    ]


def lines_of(expected_s: dict[str, float], *components: str) -> list[str]:
    """Returns the lines at the start of components of a run with three and a reporter."""
    stream = io.StringIO()
    handler = ProgressHandler(stream, clock=lambda: 0.0)
    handler.expect(4, expected_s)
    absl = logging.Logger("absl")
    absl.addHandler(handler)
    for component in components:
        absl.info("Component %s is running.", component)
        absl.info("Component %s is finished.", component)
    return stream.getvalue().splitlines()[::2]


def test_the_time_left_is_that_of_the_components_that_are_not_finished() -> None:
    lines = lines_of({"A": 200.0, "B": 95.0, "C": 3.0}, "A", "B", "C", "RunReporter")
    assert lines == [
        "[1/4] A … (about 5 min left, by earlier runs)",
        "[2/4] B … (about 2 min left, by earlier runs)",
        "[3/4] C …",
        "[4/4] RunReporter …",
    ]


def test_without_the_duration_of_a_component_no_time_left_is_stated() -> None:
    assert lines_of({"A": 200.0, "C": 30.0}, "A", "B", "C") == [
        "[1/4] A …",
        "[2/4] B …",
        "[3/4] C … (about 30 s left, by earlier runs)",
    ]
