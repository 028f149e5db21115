"""Chooses the values that the configuration leaves open, from the statistics of the data.

The numbers were tuned on the validation splits of the logs in docs/quality.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from math import ceil, gcd
from typing import Any

from components.trainer.fit.data_statistics import DataStatistics
from components.trainer.plan import ModelPlan, TrainPlan, build_plan
from schemas.model_settings import POOL_SETTINGS, Loss, ModelSettings, TrainSettings

# Up to this number of items, every query is scored against all of them.
_MAX_ITEMS_OF_FULL_SOFTMAX = 16_384
# With this number of targets, a model has twice the dimensions, and if histories are long, twice
# the blocks.
_MANY_TARGETS = 500_000
# With fewer targets per item, a model overfits and needs more dropout.
_FEW_TARGETS_PER_ITEM = 20
_SHORT_HISTORY = 10
# From this share of targets on new items, more ids are dropped in training.
_MANY_NEW_ITEMS = 0.01
# With such lags, a quarter of the targets of split train have no earlier popularity.
_LONGEST_LAG = 0.5
_NUM_HEADS = 8
_MAX_KERNEL_WIDTH = 50
# Cosines are between -1 and 1. A softmax of undivided cosines is nearly uniform (HSTU: Zhai et al.,
# 2024).
_COSINE_TEMPERATURE = 0.05
_MANY_NEGATIVES = 2048
# A warm start has learned all but the newest part of the log (docs/training.md).
_SHARE_OF_EPOCHS_WHEN_WARM = 0.25
_SHARE_OF_RATE_WHEN_WARM = 0.5


@dataclass(frozen=True)
class RecipeChoice:
    """A value that the recipe chose.

    Attributes:
      key: Its key in the configuration.
      value: The value: a number, a string or a boolean.
      reason: The statistic that determined it.
    """

    key: str
    value: Any
    reason: str


@dataclass(frozen=True)
class Recipe:
    """The plan of a training, and the reasons for it.

    Attributes:
      model: Sizes and parts of the towers.
      train: How they are trained.
      choices: The values that the statistics determined, without those that are configured.
    """

    model: ModelPlan
    train: TrainPlan
    choices: tuple[RecipeChoice, ...]


def choose_recipe(statistics: DataStatistics, model: ModelSettings, train: TrainSettings) -> Recipe:
    """Builds the plan of a training: the configured values, and chosen values for the others."""
    settings = {"model": model, "train": train}
    all_choices = chain(
        _sizes(statistics, model),
        _encoder(statistics, model),
        _loss(statistics, model, train),
        _time(statistics, model),
        _new_items(statistics),
        _steps(statistics),
    )
    choices = tuple(choice for choice in all_choices if _configured(settings, choice.key) is None)
    chosen = _nested(choices)
    return Recipe(
        build_plan(ModelPlan, chosen.get("model", {}), model),
        build_plan(TrainPlan, chosen.get("train", {}), train),
        choices,
    )


def warm_recipe(recipe: Recipe, version: str) -> Recipe:
    """Returns the plan of a training that starts from the towers of a version."""
    train = recipe.train
    epochs = ceil(_SHARE_OF_EPOCHS_WHEN_WARM * train.max_epochs)
    rate = _SHARE_OF_RATE_WHEN_WARM * train.learning_rate
    reason = f"the training starts from version {version}"
    choices = (
        RecipeChoice("train.max_epochs", epochs, f"a quarter of {train.max_epochs}: {reason}"),
        RecipeChoice("train.learning_rate", rate, f"half of {train.learning_rate}: {reason}"),
    )
    changed = {choice.key for choice in choices}
    kept = tuple(choice for choice in recipe.choices if choice.key not in changed)
    return Recipe(
        recipe.model, replace(train, max_epochs=epochs, learning_rate=rate), (*kept, *choices)
    )


def _sizes(statistics: DataStatistics, model: ModelSettings) -> Iterator[RecipeChoice]:
    targets = statistics.num_targets
    dim = 128 if targets >= _MANY_TARGETS else 64
    heads = model.encoder.num_heads or gcd(_NUM_HEADS, model.dim or dim)
    dim = -(-dim // heads) * heads
    yield RecipeChoice("model.dim", dim, f"{targets:,} targets in split train")
    yield RecipeChoice("model.hidden_dim", 2 * (model.dim or dim), "twice model.dim")
    yield RecipeChoice(
        "model.encoder.num_heads", heads, f"divides model.dim, which is {model.dim or dim}"
    )
    per_item = targets / statistics.num_items
    is_shared = per_item < _FEW_TARGETS_PER_ITEM
    yield RecipeChoice("model.share_item_table", is_shared, f"{per_item:.0f} targets per item")


def _encoder(statistics: DataStatistics, model: ModelSettings) -> Iterator[RecipeChoice]:
    is_short = statistics.median_history < _SHORT_HISTORY
    history = f"a median of {statistics.median_history:.0f} events before a target"
    targets = f"{statistics.num_targets:,} targets in split train"
    blocks = 2 if statistics.num_targets >= _MANY_TARGETS and not is_short else 1
    order = (
        "the predictive value of order is unknown"
        if statistics.order_gain is None
        else f"order is {statistics.order_gain:.2f}x as predictive as co-occurrence"
    )
    yield RecipeChoice(
        "model.encoder.kind", "convolution", f"{order}; kernels can learn both an order and a mean"
    )
    yield RecipeChoice("model.encoder.num_blocks", blocks, f"{targets}, {history}")
    if model.encoder.kind not in ("mean", "decayed"):
        width = min(_MAX_KERNEL_WIDTH, statistics.max_history + 1)
        yield RecipeChoice(
            "model.encoder.kernel_width",
            width,
            f"histories have up to {statistics.max_history} events",
        )
    per_item = statistics.num_targets / statistics.num_items
    dropout = 0.2
    if per_item < _FEW_TARGETS_PER_ITEM:
        dropout = 0.5 if is_short else 0.3
    yield RecipeChoice(
        "model.encoder.dropout", dropout, f"{per_item:.0f} targets per item, {history}"
    )


def _loss(
    statistics: DataStatistics, model: ModelSettings, train: TrainSettings
) -> Iterator[RecipeChoice]:
    catalogue = f"{statistics.num_items:,} candidates"
    pool = [name for name in POOL_SETTINGS if getattr(train, name) is not None]
    chosen: Loss = "sampled_softmax"
    if pool:
        yield RecipeChoice("train.loss", chosen, f"train.{pool[0]} is configured")
    elif statistics.num_items > _MAX_ITEMS_OF_FULL_SOFTMAX:
        yield RecipeChoice("train.loss", chosen, f"{catalogue}: too many to score all of them")
    else:
        chosen = "full_softmax"
        yield RecipeChoice("train.loss", chosen, f"{catalogue}: few enough to score all of them")
    loss = train.loss or chosen
    if loss != "full_softmax":
        yield from _negatives(loss, train)
    if model.similarity == "cosine" and loss in ("full_softmax", "sampled_softmax"):
        yield RecipeChoice("train.temperature", _COSINE_TEMPERATURE, "model.similarity is cosine")


def _negatives(loss: Loss, train: TrainSettings) -> Iterator[RecipeChoice]:
    if train.catalogue_negatives == 0:
        yield RecipeChoice(
            "train.in_batch_negatives", _MANY_NEGATIVES, "train.catalogue_negatives is 0"
        )
        return
    # How often an item is an in-batch negative depends on the users and the times in the batch. How
    # often it is drawn is known exactly, and a softmax can be corrected for it.
    yield RecipeChoice(
        "train.in_batch_negatives", 0, "the frequencies of items in a batch are not known exactly"
    )
    yield RecipeChoice("train.catalogue_negatives", _MANY_NEGATIVES, f"train.loss is {loss}")
    if loss == "sampled_softmax" and not train.in_batch_negatives:
        yield RecipeChoice(
            "train.negative_sampling",
            "mixed",
            "popular items have high scores, and every item has to be drawn at times",
        )


def _time(statistics: DataStatistics, model: ModelSettings) -> Iterator[RecipeChoice]:
    if statistics.popularity_gain is None:
        reason = "split eval does not follow split train in time, or has no target"
        yield RecipeChoice("model.recent_popularity", False, reason)
        return
    if statistics.eval_lag is not None and model.recent_popularity is not False:
        lag = min(_LONGEST_LAG, round(statistics.eval_lag, 3))
        share = f"{statistics.eval_lag:.1%} of the targets of split train"
        reason = f"the last requests of split eval come {share} after its end"
        yield RecipeChoice("train.popularity_lag", lag, reason)
    new = 1.0 - (statistics.returning_share or 0.0)
    yield RecipeChoice("model.recent_popularity", True, "split eval follows split train in time")
    yield RecipeChoice(
        "train.history_dropout", 0.03, f"{new:.0%} of the targets of split eval are of new users"
    )


def _new_items(statistics: DataStatistics) -> Iterator[RecipeChoice]:
    share = statistics.new_item_share
    if share is not None and share >= _MANY_NEW_ITEMS:
        reason = f"{share:.1%} of the targets of split eval are items without a target in train"
        yield RecipeChoice("train.id_dropout", 0.1, reason)


def _steps(statistics: DataStatistics) -> Iterator[RecipeChoice]:
    targets = f"{statistics.num_targets:,} targets per epoch"
    is_large = statistics.num_targets >= _MANY_TARGETS
    yield RecipeChoice("train.events_per_step", 6400 if is_large else 2048, targets)
    yield RecipeChoice("train.learning_rate", 3e-3 if is_large else 4e-3, targets)
    yield RecipeChoice("train.max_epochs", 40 if is_large else 16, targets)


def _configured(settings: dict[str, Any], key: str) -> Any:
    """Returns the configured value of a dotted key, or None."""
    section, *names = key.split(".")
    value = settings[section]
    for name in names:
        value = getattr(value, name)
    return value


def _nested(choices: tuple[RecipeChoice, ...]) -> dict[str, Any]:
    """Returns the values of the choices as nested dictionaries."""
    nested: dict[str, Any] = {}
    for choice in choices:
        *path, name = choice.key.split(".")
        section = nested
        for part in path:
            section = section.setdefault(part, {})
        section[name] = choice.value
    return nested
