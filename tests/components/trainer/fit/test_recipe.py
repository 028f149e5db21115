"""The choices of the recipe, which configured values precede."""

from dataclasses import MISSING, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.trainer.fit.data_statistics import DataStatistics
from components.trainer.fit.recipe import Recipe, choose_recipe
from components.trainer.plan import EncoderPlan, ModelPlan, TrainPlan
from schemas.model_settings import (
    POOL_SETTINGS,
    EncoderSettings,
    Loss,
    ModelSettings,
    TrainSettings,
)

STATISTICS = DataStatistics(
    num_items=3_000,
    num_targets=1_000_000,
    median_history=100.0,
    max_history=200,
    returning_share=0.25,
    new_item_share=0.0,
    order_gain=1.2,
    popularity_gain=0.1,
    eval_lag=0.125,
)
SHARES = st.none() | st.floats(0.0, 1.0)
ANY_STATISTICS = st.builds(
    DataStatistics,
    num_items=st.integers(1, 50_000),
    num_targets=st.integers(1, 2_000_000),
    median_history=st.floats(0.0, 500.0),
    max_history=st.integers(1, 500),
    returning_share=SHARES,
    new_item_share=SHARES,
    order_gain=st.none() | st.floats(0.0, 9.0),
    popularity_gain=st.none() | st.floats(-9.0, 9.0),
    eval_lag=st.none() | st.floats(0.0, 9.0),
)


def recipe_of(
    model: ModelSettings | None = None, train: TrainSettings | None = None, **statistics: Any
) -> Recipe:
    return choose_recipe(
        replace(STATISTICS, **statistics), model or ModelSettings(), train or TrainSettings()
    )


def value_of(recipe: Recipe, key: str) -> Any:
    """Returns the value of a dotted key in the plan."""
    value: Any = recipe
    for name in key.split("."):
        value = getattr(value, name)
    return value


def required_keys(section: str, plan: type) -> set[str]:
    """Returns the dotted keys of the fields of a plan without a default."""
    return {f"{section}.{field.name}" for field in fields(plan) if field.default is MISSING}


@given(ANY_STATISTICS)
def test_the_recipe_always_chooses_what_has_no_default(statistics: DataStatistics) -> None:
    recipe = choose_recipe(statistics, ModelSettings(), TrainSettings())

    required = required_keys("model", ModelPlan) | required_keys("train", TrainPlan)
    required |= required_keys("model.encoder", EncoderPlan)
    # a nested plan, and settings with a default
    required -= {"model.encoder", "model.max_item_ids", "model.max_user_ids"}
    required -= {"train.max_seconds", "train.seed", "train.deterministic"}
    required -= {"train.strategy", "train.mixed_precision"}
    assert required <= {choice.key for choice in recipe.choices}


@given(ANY_STATISTICS)
def test_the_plan_contains_every_choice(statistics: DataStatistics) -> None:
    recipe = choose_recipe(statistics, ModelSettings(), TrainSettings())

    assert all(value_of(recipe, choice.key) == choice.value for choice in recipe.choices)


def test_every_choice_is_in_the_plan_and_has_a_reason() -> None:
    recipe = recipe_of()

    assert len({choice.key for choice in recipe.choices}) == len(recipe.choices) > 8
    for choice in recipe.choices:
        assert value_of(recipe, choice.key) == choice.value
        assert choice.reason


@pytest.mark.parametrize(
    ("num_items", "loss"), [(16_384, "full_softmax"), (16_385, "sampled_softmax")]
)
def test_the_loss_of_large_catalogues_samples_negatives(num_items: int, loss: str) -> None:
    assert recipe_of(num_items=num_items).train.loss == loss


@pytest.mark.parametrize(
    "train", [TrainSettings(hard_negatives=5), TrainSettings(in_batch_negatives=64)]
)
def test_configured_negatives_select_sampled_softmax(train: TrainSettings) -> None:
    recipe = recipe_of(train=train)

    assert recipe.train.loss == "sampled_softmax"
    (reason,) = [choice.reason for choice in recipe.choices if choice.key == "train.loss"]
    assert reason in (
        "train.hard_negatives is configured",
        "train.in_batch_negatives is configured",
    )


def test_values_that_a_configured_value_makes_unused_are_not_chosen() -> None:
    model = ModelSettings(encoder=EncoderSettings(kind="mean"))

    recipe = recipe_of(model, TrainSettings(loss="full_softmax"), num_items=20_000)

    unused = {"model.encoder.kernel_width", *(f"train.{name}" for name in POOL_SETTINGS)}
    assert not unused & {choice.key for choice in recipe.choices}


@pytest.mark.parametrize("loss", ["full_softmax", "sampled_softmax", "contrastive"])
def test_a_softmax_of_cosines_has_a_low_temperature(loss: Loss) -> None:
    recipe = recipe_of(ModelSettings(similarity="cosine"), TrainSettings(loss=loss))

    assert recipe.train.temperature == (1.0 if loss == "contrastive" else 0.05)


def test_dropout_rises_with_few_targets_per_item_and_short_histories() -> None:
    few, many = (recipe_of(num_targets=n * 3_000, median_history=3.0) for n in (10, 50))
    long_histories = recipe_of(num_targets=30_000)

    rates = [recipe.model.encoder.dropout for recipe in (many, long_histories, few)]
    assert rates == sorted(set(rates))


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        (TrainSettings(), (0, 2048, "mixed")),
        (TrainSettings(in_batch_negatives=64), (64, 2048, "uniform")),
        (TrainSettings(catalogue_negatives=0), (2048, 0, "uniform")),
        (TrainSettings(negative_sampling="popularity"), (0, 2048, "popularity")),
        (TrainSettings(loss="contrastive"), (0, 2048, "uniform")),
    ],
)
def test_negatives_are_drawn_from_the_catalogue_unless_configured(
    train: TrainSettings, expected: tuple[int, int, str]
) -> None:
    plan = recipe_of(train=train, num_items=20_000).train

    negatives = (plan.in_batch_negatives, plan.catalogue_negatives, plan.negative_sampling)
    assert negatives == expected


def test_id_dropout_is_higher_with_many_new_items() -> None:
    assert recipe_of(new_item_share=0.04).train.id_dropout > recipe_of().train.id_dropout
    assert recipe_of(new_item_share=None).train.id_dropout == recipe_of().train.id_dropout


def test_histories_and_candidates_share_a_table_if_items_have_few_targets() -> None:
    assert recipe_of(num_targets=30_000).model.share_item_table
    assert not recipe_of(num_targets=90_000).model.share_item_table


@pytest.mark.parametrize(("num_targets", "num_blocks"), [(499_999, 1), (500_000, 2)])
def test_the_encoder_has_two_blocks_for_many_targets_and_long_histories(
    num_targets: int, num_blocks: int
) -> None:
    assert recipe_of(num_targets=num_targets).model.encoder.num_blocks == num_blocks
    assert recipe_of(num_targets=num_targets, median_history=3.0).model.encoder.num_blocks == 1


@pytest.mark.parametrize(
    ("order_gain", "expected"),
    [(1.2, "order is 1.20x as predictive as co-occurrence"), (None, "order is unknown")],
)
def test_the_reason_for_the_encoder_states_how_predictive_order_is(
    order_gain: float | None, expected: str
) -> None:
    (reason,) = [
        choice.reason
        for choice in recipe_of(order_gain=order_gain).choices
        if choice.key == "model.encoder.kind"
    ]
    assert expected in reason


def test_leave_one_out_does_not_use_recent_popularity() -> None:
    recipe = recipe_of(popularity_gain=None)

    assert not recipe.model.recent_popularity
    assert recipe.train.history_dropout == 0.0


def test_configured_values_are_in_the_plan_and_are_no_choices() -> None:
    model = ModelSettings(dim=48, recent_popularity=False, encoder=EncoderSettings(dropout=0.0))

    recipe = recipe_of(model, TrainSettings(loss="triplet", max_epochs=3))

    assert (recipe.model.dim, recipe.model.hidden_dim) == (48, 96)
    assert recipe.model.encoder.dropout == 0.0
    assert not recipe.model.recent_popularity
    assert (recipe.train.loss, recipe.train.max_epochs) == ("triplet", 3)
    configured = {"model.dim", "model.encoder.dropout", "train.loss", "train.max_epochs"}
    assert not configured & {choice.key for choice in recipe.choices}


@pytest.mark.parametrize(("dim", "num_heads"), [(30, None), (7, None), (None, 5), (None, 3)])
def test_chosen_heads_or_dimensions_divide_evenly(dim: int | None, num_heads: int | None) -> None:
    model = recipe_of(ModelSettings(dim=dim, encoder=EncoderSettings(num_heads=num_heads))).model

    assert model.dim % model.encoder.num_heads == 0
    assert dim in (None, model.dim)
    assert num_heads in (None, model.encoder.num_heads)


def test_kernels_are_at_most_one_wider_than_histories() -> None:
    assert recipe_of(max_history=7).model.encoder.kernel_width == 8


@pytest.mark.parametrize("max_seconds", [1500.0, 60.0, None])
def test_the_time_limit_is_as_configured_and_is_no_choice(max_seconds: float | None) -> None:
    recipe = recipe_of(train=TrainSettings(max_seconds=max_seconds))

    assert recipe.train.max_seconds == max_seconds
    assert "train.max_seconds" not in {choice.key for choice in recipe.choices}


def test_the_time_limit_has_a_default() -> None:
    assert recipe_of().train.max_seconds == TrainSettings().max_seconds == 1500.0


@pytest.mark.parametrize(("eval_lag", "expected"), [(0.125, 0.125), (0.0312, 0.031), (3.0, 0.5)])
def test_lags_are_those_of_the_requests_of_split_eval(eval_lag: float, expected: float) -> None:
    assert recipe_of(eval_lag=eval_lag).train.popularity_lag == expected


def test_without_popularity_there_is_no_lag_to_choose() -> None:
    recipe = recipe_of(model=ModelSettings(recent_popularity=False))

    assert "train.popularity_lag" not in {choice.key for choice in recipe.choices}


def test_a_configured_lag_is_used() -> None:
    recipe = recipe_of(train=TrainSettings(popularity_lag=0.0))

    assert recipe.train.popularity_lag == 0.0
    assert "train.popularity_lag" not in {choice.key for choice in recipe.choices}
