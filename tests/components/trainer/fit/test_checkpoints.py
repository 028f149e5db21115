"""Checkpoints on disk: complete, incomplete and damaged ones."""

import logging
from pathlib import Path

import pytest
import tensorflow as tf

from components import files
from components.trainer.fit.checkpoints import STATE_FILE, Checkpoints, LoopState

STATE = LoopState(
    epoch=2,
    step=5,
    elapsed_s=1.5,
    best_epoch=1,
    best_value=0.1 + 0.2,
    history=[{"epoch": 1, "loss": 1 / 3}, {"epoch": 2, "loss": float("inf")}],
)


def variables(value: float) -> dict[str, tf.Variable]:
    return {"first": tf.Variable([value, value]), "second": tf.Variable(value)}


def values(restored: dict[str, tf.Variable]) -> list[float]:
    return [float(tf.reduce_max(variable)) for variable in restored.values()]


def test_state_and_variables_are_restored_exactly(tmp_path: Path) -> None:
    Checkpoints(str(tmp_path / "a")).save(STATE, variables(1 / 3))
    restored = variables(0.0)

    assert Checkpoints(str(tmp_path / "a")).restore(restored) == STATE
    assert values(restored) == values(variables(1 / 3))


def test_without_a_checkpoint_nothing_is_restored(tmp_path: Path) -> None:
    restored = variables(7.0)

    assert Checkpoints(str(tmp_path / "none")).restore(restored) is None
    assert values(restored) == [7.0, 7.0]


def test_the_last_checkpoint_alone_is_kept_and_removed_at_the_end(tmp_path: Path) -> None:
    checkpoints = Checkpoints(str(tmp_path / "a"))
    for step in (9, 10):
        checkpoints.save(LoopState(epoch=1, step=step), variables(float(step)))
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["epoch-00001-step-0000010"]

    checkpoints.remove()

    assert list(tmp_path.iterdir()) == []
    checkpoints.remove()


def test_an_interrupted_write_leaves_the_checkpoint_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = Checkpoints(str(tmp_path))
    checkpoints.save(LoopState(step=1), variables(1.0))

    def fail(source: str, target: str) -> None:
        raise OSError(f"no space for {target}")

    monkeypatch.setattr(files, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        checkpoints.save(LoopState(step=2), variables(2.0))

    restored = variables(0.0)
    assert Checkpoints(str(tmp_path)).restore(restored) == LoopState(step=1)
    assert values(restored) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        (STATE_FILE, "cannot be read"),
        ("variables.data*", "has another SHA-256"),
        ("variables.index", "has another SHA-256"),
    ],
)
def test_a_damaged_checkpoint_is_named_and_not_used(
    pattern: str, problem: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Checkpoints(str(tmp_path)).save(STATE, variables(1.0))
    (path,) = tmp_path.glob(f"*/{pattern}")
    path.write_bytes(path.read_bytes()[:-1])
    restored = variables(0.0)

    with caplog.at_level(logging.WARNING, "twotower.progress"):
        assert Checkpoints(str(tmp_path)).restore(restored) is None

    assert values(restored) == [0.0, 0.0]
    assert f"{path.parent} is damaged ({path.name} {problem}" in caplog.text
    assert "training starts anew" in caplog.text


def test_a_missing_file_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Checkpoints(str(tmp_path)).save(STATE, variables(1.0))
    next(tmp_path.glob("*/variables.index")).unlink()

    with caplog.at_level(logging.WARNING, "twotower.progress"):
        assert Checkpoints(str(tmp_path)).restore(variables(0.0)) is None

    assert "variables.index is missing" in caplog.text


def test_variables_of_another_shape_are_an_error(tmp_path: Path) -> None:
    Checkpoints(str(tmp_path)).save(STATE, variables(1.0))

    with pytest.raises(ValueError, match="shape"):
        Checkpoints(str(tmp_path)).restore(
            {"first": tf.Variable([1.0]), "second": tf.Variable(1.0)}
        )


def test_a_checkpoint_is_due_after_a_time_and_at_the_end_of_an_epoch(tmp_path: Path) -> None:
    assert Checkpoints(str(tmp_path)).is_due(ends_epoch=True)
    assert not Checkpoints(str(tmp_path), seconds_between=1e9).is_due(ends_epoch=False)
    assert Checkpoints(str(tmp_path), seconds_between=0.0).is_due(ends_epoch=False)


def test_writing_takes_a_small_share_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 0.0
    monkeypatch.setattr("components.trainer.fit.checkpoints.time.monotonic", lambda: clock)
    checkpoints = Checkpoints(str(tmp_path), seconds_between=10.0)
    replace = files.replace

    def slow_replace(source: str, target: str) -> None:
        nonlocal clock
        clock += 3.0
        replace(source, target)

    monkeypatch.setattr(files, "replace", slow_replace)
    checkpoints.save(STATE, variables(1.0))

    clock += 59.0  # 3 s are 5 % of 60 s
    assert not checkpoints.is_due(ends_epoch=True)
    clock += 1.0
    assert checkpoints.is_due(ends_epoch=True)
    assert checkpoints.is_due(ends_epoch=False)
