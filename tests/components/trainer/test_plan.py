"""The precedence of configured values, chosen values and defaults in a plan."""

from dataclasses import MISSING, fields
from typing import Any

import pytest

from components.trainer.plan import EncoderPlan, ModelPlan, TrainPlan, build_plan
from schemas.model_settings import EncoderSettings, ModelSettings, TrainSettings

CHOSEN_TRAIN: dict[str, Any] = {
    "loss": "full_softmax",
    "max_epochs": 3,
    "events_per_step": 9,
    "learning_rate": 0.5,
}
CHOSEN_MODEL: dict[str, Any] = {
    "dim": 4,
    "hidden_dim": 5,
    "share_item_table": True,
    "recent_popularity": False,
    "encoder": {"kind": "mean", "num_blocks": 1, "num_heads": 2, "dropout": 0.1},
}
# Settings of what precedes or follows a training, and of how its data is held.
AROUND_THE_TRAINING = {"refit", "warm_start", "max_windows_gb", "worker_timeout_s"}


def test_configured_values_precede_chosen_ones_and_these_precede_defaults() -> None:
    settings = TrainSettings(max_epochs=7, temperature=0.2)

    plan = build_plan(TrainPlan, {**CHOSEN_TRAIN, "margin": 0.9}, settings)

    assert (plan.max_epochs, plan.temperature) == (7, 0.2)
    assert (plan.events_per_step, plan.margin) == (9, 0.9)
    assert plan.patience == 5


def test_the_encoder_is_a_plan_within_the_plan() -> None:
    settings = ModelSettings(encoder=EncoderSettings(num_blocks=4))

    plan = build_plan(ModelPlan, CHOSEN_MODEL, settings)

    assert plan.encoder == EncoderPlan(
        kind="mean", num_blocks=4, num_heads=2, kernel_width=50, dropout=0.1
    )


@pytest.mark.parametrize("max_seconds", [1500.0, 3.0, None])
def test_max_seconds_is_as_configured_and_may_be_none(max_seconds: float | None) -> None:
    settings = TrainSettings(max_seconds=max_seconds)

    assert build_plan(TrainPlan, CHOSEN_TRAIN, settings).max_seconds == max_seconds


def test_a_required_value_that_is_neither_configured_nor_chosen_is_an_error() -> None:
    with pytest.raises(TypeError, match="learning_rate"):
        build_plan(TrainPlan, {"loss": "triplet", "max_epochs": 3}, TrainSettings())


@pytest.mark.parametrize(
    ("plan", "settings"),
    [(EncoderPlan, EncoderSettings), (ModelPlan, ModelSettings), (TrainPlan, TrainSettings)],
)
def test_a_plan_has_the_fields_of_its_settings_and_each_default_is_stated_once(
    plan: type, settings: type
) -> None:
    about_the_plan = [field for field in fields(settings) if field.name not in AROUND_THE_TRAINING]
    assert [field.name for field in fields(plan)] == [field.name for field in about_the_plan]
    for planned, setting in zip(fields(plan), about_the_plan, strict=True):
        assert planned.default is MISSING or setting.default is None
