"""Progress lines, printed from the records that TFX's runner logs."""

import io
import logging

from components.progress import PROGRESS_LOGGER
from pipeline.runners.progress import ProgressHandler


def test_lines_of_a_run_step_a_cached_step_and_a_steps_own_progress() -> None:
    times = iter([0.0, 12.34, 20.0, 20.5])
    stream = io.StringIO()
    handler = ProgressHandler(stream, clock=lambda: next(times))
    handler.num_components = 16
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
