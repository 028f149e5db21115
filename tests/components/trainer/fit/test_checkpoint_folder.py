"""The folder of a training's checkpoints depends on everything that determines the training."""

import logging
from pathlib import Path

import pytest

from components.trainer.fit.checkpoint_folder import checkpoint_folder


@pytest.fixture
def inputs(tmp_path: Path) -> list[str]:
    (tmp_path / "graph/assets").mkdir(parents=True)
    (tmp_path / "graph/assets/vocabulary").write_text("a\nb\n")
    (tmp_path / "train.gz").write_bytes(b"\1\2")
    return [str(tmp_path / "train.gz"), str(tmp_path / "graph")]


def test_equal_trainings_share_a_folder_wherever_their_inputs_are(
    tmp_path: Path, inputs: list[str]
) -> None:
    folder = checkpoint_folder("parent", ["{}", "code"], inputs)
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in inputs:
        Path(path).rename(moved / Path(path).name)

    again = checkpoint_folder("parent", ["{}", "code"], [str(moved / Path(p).name) for p in inputs])

    assert again == folder
    assert folder.startswith("parent/checkpoint-")


def test_any_change_gives_another_folder(tmp_path: Path, inputs: list[str]) -> None:
    folders = [
        checkpoint_folder("p", ["{}", "code"], inputs),
        checkpoint_folder("p", ["{1}", "code"], inputs),
        checkpoint_folder("p", ["{}", "code2"], inputs),
        checkpoint_folder("p", ["{}code", ""], inputs),
    ]
    (tmp_path / "graph/assets/vocabulary").write_text("a\nc\n")
    folders.append(checkpoint_folder("p", ["{}", "code"], inputs))
    (tmp_path / "graph/assets/vocabulary").rename(tmp_path / "graph/assets/words")
    folders.append(checkpoint_folder("p", ["{}", "code"], inputs))

    assert len(set(folders)) == len(folders)


def test_checkpoints_of_other_trainings_are_named(
    tmp_path: Path, inputs: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    own, other = (checkpoint_folder(str(tmp_path), [name], inputs) for name in ("own", "other"))
    Path(own).mkdir()
    with caplog.at_level(logging.INFO, "twotower.progress"):
        checkpoint_folder(str(tmp_path), ["own"], inputs)
        assert not caplog.text
        Path(other).mkdir()
        checkpoint_folder(str(tmp_path), ["own"], inputs)

    assert f"not used ({Path(other).name})" in caplog.text
