"""The complete evaluation of models with known outputs, on a log of item sequences."""

import json
from pathlib import Path

import numpy as np
import pytest

from components.current_model.state import CurrentModelState
from components.evaluator.evaluate import USER_METRICS, evaluate
from schemas.evaluation_settings import ModelGateSettings
from schemas.metrics import BASELINES
from tests.components.evaluator.logs import (
    data_settings,
    save_successor_model,
    write_catalogue,
    write_windows,
)
from tests.components.evaluator.sequence_log import (
    ITEMS,
    NUM_ITEMS,
    SETTINGS,
    run,
    without_user_metrics,
)


def test_a_perfect_model_has_perfect_metrics_and_passes_the_gates(log: dict[str, str]) -> None:
    result = run(log, "successor")

    assert result["protocol"] == {
        "name": "successive",
        "split": "test",
        "queries": 2 * 12,
        "targets": 2 * 12,
        "users": 12,
        "candidates": NUM_ITEMS,
        "repeat_interactions": "exclude",
        "repeat_targets_skipped": 0,
        "sampled": False,
        "sampled_from_users": 12,
    }
    assert result["test"]["model"]["recall@1"] == 1.0
    assert result["test"]["model"]["mrr"] == 1.0
    assert result["confidence"]["model"]["recall@1"] == [1.0, 1.0]
    assert tuple(result["test"]["baselines"]) == BASELINES
    assert result["baselines"]["markov"]["not_chosen"] == "the eval split has no target event"
    assert "current" not in result["test"]
    low, high = result["confidence"]["model_minus_popularity"]["mrr"]
    assert 0 < low <= 1.0 - result["test"]["baselines"]["popularity"]["mrr"] <= high
    assert result["slices"]["past_events"]["3-9"]["targets"] == 24
    assert result["slices"]["past_events"]["3-9"]["recall@10"] == 1.0
    assert sum(s["targets"] for s in result["slices"]["item_popularity"].values()) == 24
    assert [gate["name"] for gate in result["gates"]] == [
        *(f"model.against_{name}" for name in BASELINES),
        "model.against_served",
        "model.served_slices",
        "model.coverage",
        "model.embedding_health",
        "model.parity",
    ]
    assert result["train_end_s"] == 3000 + 11
    assert all(gate["passed"] for gate in result["gates"])
    assert json.dumps(without_user_metrics(result), allow_nan=False)


def test_slices_and_diagnosis(log: dict[str, str]) -> None:
    result = run(log, "successor", slices=("items.genres", "users.country"))

    assert list(result["slices"]) == [
        "user_activity", "past_events", "item_popularity", "days_since_split", "model_age",
        "event_type", "items.genres", "users.country",
    ]  # fmt: skip
    part = result["slices"]["past_events"]["3-9"]
    # Too few users for an interval.
    assert part["interval"] is part["difference"] is None
    assert result["slice_intervals"]["intervals"] == 0
    assert set(part["baselines"]) == set(BASELINES)
    assert result["slices"]["users.country"]["country of user 3"]["targets"] == 2
    assert result["diagnosis"]["embeddings"]["dim"] == NUM_ITEMS
    consumed = result["diagnosis"]["consumption"]["consumed"]
    assert consumed["head"] + consumed["middle"] + consumed["tail"] + consumed[
        "never_trained"
    ] == pytest.approx(1)
    assert "no parity sample" in result["diagnosis"]["parity"]["left_out"]


def test_ties_count_against_the_model(log: dict[str, str]) -> None:
    """The model scores a seen item 1 and all others 0, so the target ties with all candidates."""
    gates = ModelGateSettings(better_than=("popularity",))
    result = run(log, "predecessor", gates=gates)

    num_candidates = [NUM_ITEMS - 4, NUM_ITEMS - 5]
    assert result["test"]["model"]["mrr"] == pytest.approx(
        (1 / num_candidates[0] + 1 / num_candidates[1]) / 2
    )
    assert not result["gates"][0]["passed"]


def test_evaluation_is_reproducible(log: dict[str, str]) -> None:
    first, second = (run(log, "successor", max_targets=10) for _ in range(2))

    assert without_user_metrics(first) == without_user_metrics(second)
    assert first["protocol"]["targets"] == 10
    users, same_users = first[USER_METRICS], second[USER_METRICS]
    assert users.targets_digest == same_users.targets_digest
    np.testing.assert_equal(users.by_user, same_users.by_user)


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), 1e30])
def test_a_model_with_scores_that_are_not_finite_raises_an_error(
    log: dict[str, str], tmp_path: Path, scale: float
) -> None:
    broken = save_successor_model(str(tmp_path / "broken"), ITEMS, scale=scale)

    with pytest.raises(FloatingPointError, match="diverged"):
        run({**log, "broken": broken}, "broken")


def test_one_user_one_item_and_no_history(tmp_path: Path) -> None:
    result = evaluate(
        save_successor_model(str(tmp_path / "model"), ["only"]),
        write_windows(
            str(tmp_path / "windows"),
            {
                "train": [("other", [("only", 1, 1)])],
                "eval": [],
                "test": [("new", [("only", 5, 1)])],
            },
        ),
        write_catalogue(str(tmp_path / "catalogue"), ["only"]),
        CurrentModelState(),
        data_settings(),
        SETTINGS,
    )

    assert result["test"]["model"]["recall@10"] == 1.0
    assert result["test"]["baselines"]["markov"]["recall@10"] == 1.0
    assert result["slices"]["past_events"]["0"]["targets"] == 1
    assert result["gates"][0]["passed"]
    assert result["gates"][0]["reason"].startswith("undecided: recall@10 is 1.0000 for every")
    assert json.dumps(without_user_metrics(result), allow_nan=False)
