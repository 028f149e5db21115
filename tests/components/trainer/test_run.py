"""The checkpoints of a run: kept until the export, one folder for each training."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.trainer import run as trainer
from components.trainer.run import TrainerPaths
from schemas.model_settings import ModelSettings, TrainSettings
from tests.components.trainer.datasets import PLAIN, data_settings


@pytest.fixture
def paths(tmp_path: Path) -> TrainerPaths:
    for split in ("windows/Split-train", "windows/Split-eval", "catalogue/Split-catalogue"):
        (tmp_path / split).mkdir(parents=True)
        (tmp_path / split / "examples.gz").write_text(split)
    names = ("windows", "catalogue", "windows_graph", "catalogue_graph", "users", "raw_catalogue")
    outputs = ("serving_model", "logs", "checkpoints")
    for name in (*names, *outputs):
        (tmp_path / name).mkdir(exist_ok=True)
    return TrainerPaths(**{name: str(tmp_path / name) for name in (*names, *outputs)})


def test_checkpoints_are_kept_until_the_export_and_belong_to_one_training(
    paths: TrainerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading, training and export are replaced; a training writes one file."""
    folders: list[Path] = []

    def train(*arguments: Any) -> SimpleNamespace:
        folders.append(Path(arguments[-2]))
        folders[-1].mkdir(exist_ok=True)
        return SimpleNamespace(best_epoch=1)

    def failing_export(*arguments: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(trainer, "train", train)
    for name in ("read_users", "read_raw_catalogue", "trained_state", "write_state"):
        monkeypatch.setattr(trainer, name, lambda *_: None)
    monkeypatch.setattr(trainer, "write_projector", lambda *_: None)
    monkeypatch.setattr(trainer, "training_fragment", lambda *_: {})
    data, model, settings = data_settings(PLAIN), ModelSettings(), TrainSettings()

    with monkeypatch.context() as patched:
        patched.setattr(trainer, "export_towers", failing_export)
        with pytest.raises(OSError, match="no space left"):
            trainer.run(paths, data, model, settings, "code")
        with pytest.raises(OSError, match="no space left"):
            trainer.run(paths, data, model, replace(settings, seed=5), "code")
    monkeypatch.setattr(trainer, "export_towers", lambda *_: None)
    trainer.run(paths, data, model, settings, "code")

    first, other_seed, again = folders
    assert first == again != other_seed
    assert first.parent == Path(paths.checkpoints)
    assert not first.exists()
    assert other_seed.exists()
