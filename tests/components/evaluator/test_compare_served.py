"""The comparison of a model with the proven towers of the version that serves."""

from pathlib import Path
from typing import Any

import pytest

from components.current_model.state import CurrentModelState
from components.evaluator.embed import SignatureEncoder
from components.evaluator.held_out import read_held_out_data
from components.evaluator.model_gates import compare_served
from components.evaluator.served_gate import served_gates
from schemas.evaluation_settings import ModelGateSettings
from tests.components.evaluator.logs import SETTINGS as SETTINGS_OF_LOG
from tests.components.evaluator.logs import TABLE, data_settings, save_successor_model
from tests.components.evaluator.sequence_log import ITEMS, SETTINGS, gates_by_name, run


def test_comparison_with_the_currently_served_model(log: dict[str, str]) -> None:
    worse = run(log, "predecessor", current="successor")
    better = run(log, "successor", current="predecessor")

    assert worse["test"]["current"]["mrr"] == 1.0
    assert worse["test"]["current"] == better["test"]["model"]
    assert worse["confidence"]["model_minus_current"]["mrr"][1] < 0
    # Twelve users are too few for a verdict.
    for result in (worse, better):
        assert gates_by_name(result)["against_served"]["verdict"] == "undecided"


@pytest.mark.parametrize(("train_end_s", "num_later"), [(1000, 24), (4005, 18), (5011, 0)])
def test_the_served_model_is_compared_on_targets_later_than_its_train_split(
    log: dict[str, str], train_end_s: int, num_later: int
) -> None:
    """Test targets are 12 at 4000 to 4011 and 12 at 5000 to 5011; those of the train end before."""
    result = run(log, "successor", current="predecessor", train_end_s=train_end_s)

    reason = gates_by_name(result)["against_served"]["reason"]
    assert f"on the {num_later} of 24 targets later than both train splits" in reason


LEAVE_ONE_OUT: dict[str, Any] = {"split": {"policy": "leave_one_out"}}


ROW_ORDER: dict[str, Any] = {
    "interactions": {
        **SETTINGS_OF_LOG["interactions"],
        "fields": {"user_id": "user", "item_id": "item", "timestamp": "row_order"},
    }
}


@pytest.mark.parametrize(
    ("served_policy", "changes", "compared"),
    [
        # Neither split contains a user's last target, whenever the other users' events end.
        ("leave_one_out", LEAVE_ONE_OUT, "all targets, because both splits are leave_one_out"),
        ("leave_one_out", {**LEAVE_ONE_OUT, **ROW_ORDER}, "all targets, because both splits"),
        # A temporal split up to the end of the log contains them.
        ("temporal", LEAVE_ONE_OUT, "the 0 of 24 targets later than both train splits"),
        ("leave_one_out", {}, "the 0 of 24 targets later than both train splits"),
        ("temporal", {**LEAVE_ONE_OUT, **ROW_ORDER}, "because this log has no times"),
    ],
)
def test_targets_that_are_in_neither_train_split_are_compared(
    log: dict[str, str], served_policy: str, changes: dict[str, Any], compared: str
) -> None:
    data = data_settings(**changes)

    result = run(log, "successor", "predecessor", 5011, served_policy, data)

    assert compared in gates_by_name(result)["against_served"]["reason"]
    assert result["split_policy"] == data.split.policy


@pytest.mark.parametrize(
    ("rules", "served_rules", "is_comparable"),
    [
        (["case"], [], False),
        (["trim", "case"], ["trim"], False),
        ([], ["case"], True),
        (["case"], ["trim", "case"], True),
    ],
)
def test_a_served_model_with_other_ids_is_not_compared(
    log: dict[str, str], rules: list[str], served_rules: list[str], is_comparable: bool
) -> None:
    held_out = read_held_out_data(log["windows"], log["catalogue"], data_settings(), SETTINGS)
    encoder = SignatureEncoder(log["successor"], TABLE)
    result = held_out.measure_model(held_out.embed(encoder))
    served = CurrentModelState(version="7", id_rules=served_rules)

    comparison = compare_served(
        result, result, served, held_out, data_settings(ids={"normalise": rules}), "mrr"
    )
    gates = served_gates(ModelGateSettings(), comparison, {}, num_samples=20, seed=1)

    assert (comparison.doubt is None) == is_comparable
    if not is_comparable:
        assert all(gate.is_warning for gate in gates)
        assert all("rules case of ids.normalise" in gate.reason for gate in gates)


@pytest.mark.parametrize("scale", [float("nan"), 1e30])
def test_a_served_model_with_scores_that_are_not_finite_is_named(
    log: dict[str, str], tmp_path: Path, scale: float
) -> None:
    broken = save_successor_model(str(tmp_path / "broken"), ITEMS, scale=scale)

    with pytest.raises(FloatingPointError, match="version 7, which serves: ") as raised:
        run({**log, "broken": broken}, "successor", current="broken")
    assert "twotower rollback" in str(raised.value)
    assert "diverged" not in str(raised.value)


def test_missing_inputs_of_the_served_model_are_named(log: dict[str, str]) -> None:
    result = run(log, "successor", current="predecessor", data=data_settings(users=None))

    reason = gates_by_name(result)["against_served"]["reason"]
    assert "the settings no longer define its inputs country, which were sent as missing" in reason
