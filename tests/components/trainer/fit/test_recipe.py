"""What the recipe chooses, and that the configuration has the last word."""

from dataclasses import replace

import pytest

from components.trainer.fit.facts import Facts
from components.trainer.fit.recipe import Recipe, choose
from schemas.model_settings import (
    POOL_SETTINGS,
    EncoderSettings,
    Loss,
    ModelSettings,
    TrainSettings,
)

FACTS = Facts(
    num_items=3_000,
    num_targets=1_000_000,
    median_history=100.0,
    max_history=200,
    returning_share=0.25,
    new_item_share=0.0,
    order_gain=1.2,
    popularity_gain=0.1,
)


def recipe_of(
    model: ModelSettings | None = None, train: TrainSettings | None = None, **facts: object
) -> Recipe:
    return choose(
        replace(FACTS, **facts),
        model or ModelSettings(),
        train or TrainSettings(),  # type: ignore[arg-type]
    )


def test_every_choice_is_what_is_done_and_has_a_reason() -> None:
    recipe = recipe_of()

    assert len({choice.key for choice in recipe.choices}) == len(recipe.choices) > 8
    for choice in recipe.choices:
        section, *names = choice.key.split(".")
        value = {"model": recipe.model, "train": recipe.train}[section]
        for name in names:
            value = getattr(value, name)
        assert value == choice.value
        assert choice.reason


@pytest.mark.parametrize(
    ("num_items", "loss"), [(16_384, "full_softmax"), (16_385, "sampled_softmax")]
)
def test_large_catalogues_are_sampled(num_items: int, loss: str) -> None:
    assert recipe_of(num_items=num_items).train.loss == loss


@pytest.mark.parametrize(
    "train", [TrainSettings(hard_negatives=5), TrainSettings(in_batch_negatives=64)]
)
def test_configured_negatives_are_not_ignored(train: TrainSettings) -> None:
    recipe = recipe_of(train=train)

    assert recipe.train.loss == "sampled_softmax"
    (why,) = [choice.reason for choice in recipe.choices if choice.key == "train.loss"]
    assert why in ("train.hard_negatives is configured", "train.in_batch_negatives is configured")


def test_what_means_nothing_to_a_configured_value_is_not_chosen() -> None:
    model = ModelSettings(encoder=EncoderSettings(kind="mean"))

    recipe = recipe_of(model, TrainSettings(loss="full_softmax"), num_items=20_000)

    means_nothing = {"model.encoder.kernel_width", *(f"train.{name}" for name in POOL_SETTINGS)}
    assert not means_nothing & {choice.key for choice in recipe.choices}


@pytest.mark.parametrize("loss", ["full_softmax", "sampled_softmax", "contrastive"])
def test_a_softmax_of_cosines_is_taken_at_a_low_temperature(loss: Loss) -> None:
    recipe = recipe_of(ModelSettings(similarity="cosine"), TrainSettings(loss=loss))

    assert recipe.train.temperature == (1.0 if loss == "contrastive" else 0.05)


def test_few_targets_an_item_ask_for_more_dropout() -> None:
    few, many = (recipe_of(num_targets=n * 3_000, median_history=3.0) for n in (10, 50))
    long_histories = recipe_of(num_targets=30_000)

    rates = [recipe.model.encoder.dropout for recipe in (many, long_histories, few)]
    assert rates == sorted(set(rates))


def test_a_pool_is_small_where_items_move() -> None:
    train = TrainSettings(loss="sampled_softmax")

    moving, still = recipe_of(train=train), recipe_of(train=train, popularity_gain=None)

    assert moving.train.in_batch_negatives < still.train.in_batch_negatives


def test_new_items_ask_for_content_to_carry_more() -> None:
    assert recipe_of(new_item_share=0.04).train.id_dropout > recipe_of().train.id_dropout
    assert recipe_of(new_item_share=None).train.id_dropout == recipe_of().train.id_dropout


def test_items_of_few_targets_have_one_table() -> None:
    assert recipe_of(num_targets=30_000).model.share_item_table
    assert not recipe_of(num_targets=90_000).model.share_item_table


@pytest.mark.parametrize(("num_targets", "num_blocks"), [(499_999, 1), (500_000, 2)])
def test_a_second_block_needs_many_targets(num_targets: int, num_blocks: int) -> None:
    assert recipe_of(num_targets=num_targets).model.encoder.num_blocks == num_blocks
    assert recipe_of(num_targets=num_targets, median_history=3.0).model.encoder.num_blocks == 1


@pytest.mark.parametrize(("order_gain", "told"), [(1.2, "1.20 times"), (None, "unknown")])
def test_the_encoder_is_chosen_in_sight_of_what_order_tells(
    order_gain: float | None, told: str
) -> None:
    (why,) = [
        choice.reason
        for choice in recipe_of(order_gain=order_gain).choices
        if choice.key == "model.encoder.kind"
    ]
    assert told in why


def test_leave_one_out_knows_no_recent_popularity() -> None:
    recipe = recipe_of(popularity_gain=None)

    assert not recipe.model.recent_popularity
    assert recipe.train.history_dropout == 0.0


def test_the_configuration_has_the_last_word_and_is_no_choice() -> None:
    model = ModelSettings(dim=48, recent_popularity=False, encoder=EncoderSettings(dropout=0.0))

    recipe = recipe_of(model, TrainSettings(loss="triplet", max_epochs=3))

    assert (recipe.model.dim, recipe.model.hidden_dim) == (48, 96)
    assert recipe.model.encoder.dropout == 0.0
    assert not recipe.model.recent_popularity
    assert (recipe.train.loss, recipe.train.max_epochs) == ("triplet", 3)
    settled = {"model.dim", "model.encoder.dropout", "train.loss", "train.max_epochs"}
    assert not settled & {choice.key for choice in recipe.choices}


@pytest.mark.parametrize(("dim", "num_heads"), [(30, None), (7, None), (None, 5), (None, 3)])
def test_heads_divide_dimensions_that_the_configuration_leaves_open(
    dim: int | None, num_heads: int | None
) -> None:
    model = recipe_of(ModelSettings(dim=dim, encoder=EncoderSettings(num_heads=num_heads))).model

    assert model.dim % model.encoder.num_heads == 0
    assert dim in (None, model.dim)
    assert num_heads in (None, model.encoder.num_heads)


def test_kernels_are_no_wider_than_histories() -> None:
    assert recipe_of(max_history=7).model.encoder.kernel_width == 8
