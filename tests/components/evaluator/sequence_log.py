"""A log of item sequences, two models with known outputs, and their evaluation."""

from pathlib import Path
from typing import Any

from components.current_model.state import CurrentModelState
from components.evaluator.evaluate import USER_METRICS, evaluate
from schemas.evaluation_settings import EvaluationSettings
from schemas.settings import DataSettings
from tests.components.evaluator.logs import (
    data_settings,
    save_successor_model,
    write_catalogue,
    write_windows,
)

NUM_ITEMS = 30
ITEMS = [f"item {n:02}" for n in range(NUM_ITEMS)]
SETTINGS = EvaluationSettings(cutoffs=(1, 10), bootstrap_samples=50)


def write_log(root: Path) -> dict[str, str]:
    """Writes a log and two models; returns their folders by name.

    Each user has six successive items; the last two events are the test split.
    """
    train, test = [], []
    for user in range(12):
        sequence = [(ITEMS[2 * user + n], 1000 * n + user) for n in range(6)]
        train.append((f"user {user}", [(item, time, 1) for item, time in sequence[:4]]))
        test.append((f"user {user}", [(item, time, int(n >= 4)) for n, (item, time) in
                                      enumerate(sequence) if n >= 1]))  # fmt: skip
    return {
        "windows": write_windows(str(root / "windows"), {"train": train, "eval": [], "test": test}),
        "catalogue": write_catalogue(str(root / "catalogue"), ITEMS),
        "successor": save_successor_model(str(root / "successor"), ITEMS),
        # The same model over the reversed list of items: it recommends the preceding item.
        "predecessor": save_successor_model(str(root / "predecessor"), ITEMS[::-1]),
    }


def run(
    log: dict[str, str],
    model: str,
    current: str | None = None,
    train_end_s: int | None = None,
    split_policy: str | None = None,
    data: DataSettings | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Evaluates a model of the log, with `current` as the model that serves."""
    return evaluate(
        model_path=log[model],
        windows_uri=log["windows"],
        catalogue_uri=log["catalogue"],
        served=CurrentModelState(
            version="7",
            towers_path=log[current],
            train_end_s=train_end_s,
            split_policy=split_policy,
        )
        if current
        else CurrentModelState(),
        data=data or data_settings(),
        settings=EvaluationSettings(**{**vars(SETTINGS), **changes}),
    )


def without_user_metrics(result: dict[str, Any]) -> dict[str, Any]:
    """Returns the JSON values of an evaluation."""
    return {key: value for key, value in result.items() if key != USER_METRICS}


def gates_by_name(result: dict[str, Any]) -> dict[str, Any]:
    """Returns the gates of an evaluation by their names without the step."""
    return {gate["name"].removeprefix("model."): gate for gate in result["gates"]}
