"""What the endurance test publishes."""

import json
from pathlib import Path

from benchmarks.serving.soak import SoakFolders, growth
from components.pusher.versions import list_versions
from schemas.bundle import SAVED_MODEL_FILE
from tests.pipeline.commands.finished_run import FinishedRun


def test_bundles_have_the_twin_of_the_run_and_bad_ones_are_refused_or_damaged(
    tmp_path: Path,
) -> None:
    run = FinishedRun(tmp_path / "run")
    run.publish("graph")
    (run.root / "run.json").write_text(json.dumps(run.record))

    folders = SoakFolders(str(run.root), tmp_path / "soak")
    first = list_versions(folders.serving)
    twins = tmp_path / "soak" / "portable" / "demo"
    assert (twins / str(first[0]) / SAVED_MODEL_FILE).read_text() == "portable graph"

    folders.push_incomplete()
    assert list_versions(folders.serving) == first

    damaged = folders.push(is_damaged=True)
    assert list_versions(folders.serving) == [*first, damaged]
    assert Path(folders.serving, str(damaged), SAVED_MODEL_FILE).read_bytes() == b"damaged"
    assert folders.push() > damaged


def test_growth_per_switch() -> None:
    assert growth([850.0, 852.5, 855.0, 857.5]) == "2.50 (2.50 to 2.50)"
    # By hand: residuals -1/3, 2/3, -1/3, so a standard error of sqrt(2/3 / 2), and t(1) = 12.706.
    assert growth([0.0, 1.0, 0.0]) == "0.00 (-7.34 to 7.34)"
