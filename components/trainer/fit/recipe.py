"""Chooses how to train from what the data is like, and says why.

The numbers were chosen on the validation splits of the logs in docs/quality.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from math import gcd
from typing import Any

from components.trainer.fit.facts import Facts
from components.trainer.plan import EncoderPlan, ModelPlan, TrainPlan, settle
from schemas.model_settings import POOL_SETTINGS, Loss, ModelSettings, TrainSettings
from schemas.settings import from_dict

# Up to so many items, all of them are scored for every query.
_MAX_ITEMS_OF_FULL_SOFTMAX = 16_384
# A log of so many targets can teach twice the dimensions, and where histories are long, twice the
# blocks.
_MANY_TARGETS = 500_000
# With fewer targets an item a model learns by heart rather than by rule.
_FEW_TARGETS_AN_ITEM = 20
_SHORT_HISTORY = 10
# From this share of targets on, content has to carry items more often.
_MANY_NEW_ITEMS = 0.01
_MAX_KERNEL_WIDTH = 50
# Cosines lie between -1 and 1: undivided, no item could be likely (HSTU: Zhai et al., 2024).
_COSINE_TEMPERATURE = 0.05


@dataclass(frozen=True)
class Choice:
    """One value that the recipe chose.

    Attributes:
      key: Its key in the configuration.
      value: What was chosen: a number, a word or a truth value.
      reason: The fact behind it.
    """

    key: str
    value: Any
    reason: str


@dataclass(frozen=True)
class Recipe:
    """How to train, and why so.

    Attributes:
      model: Sizes and parts of the towers.
      train: How they are trained.
      choices: What the facts decided; what the configuration settles is not among it.
    """

    model: ModelPlan
    train: TrainPlan
    choices: tuple[Choice, ...]


def choose(facts: Facts, model: ModelSettings, train: TrainSettings) -> Recipe:
    """Settles every value: the configuration's own where it has one, else by the facts."""
    settings = {"model": model, "train": train}
    by_facts = chain(
        _sizes(facts, model),
        _encoder(facts, model),
        _loss(facts, model, train),
        _time(facts),
        _new_items(facts),
        _steps(facts),
    )
    choices = tuple(choice for choice in by_facts if _setting(settings, choice.key) is None)
    chosen = _nested(choices)
    return Recipe(
        settle(settle(ModelPlan(), from_dict(ModelSettings, chosen.get("model", {}))), model),
        settle(settle(TrainPlan(), from_dict(TrainSettings, chosen.get("train", {}))), train),
        choices,
    )


def _sizes(facts: Facts, model: ModelSettings) -> Iterator[Choice]:
    dim = 128 if facts.num_targets >= _MANY_TARGETS else 64
    heads = model.encoder.num_heads or gcd(EncoderPlan.num_heads, model.dim or dim)
    dim = -(-dim // heads) * heads
    yield Choice("model.dim", dim, f"{facts.num_targets:,} targets to learn from")
    yield Choice("model.hidden_dim", 2 * (model.dim or dim), "twice model.dim")
    yield Choice("model.encoder.num_heads", heads, f"divides {model.dim or dim} dimensions")
    targets_an_item = facts.num_targets / facts.num_items
    is_shared = targets_an_item < _FEW_TARGETS_AN_ITEM
    yield Choice("model.share_item_table", is_shared, f"{targets_an_item:.0f} targets an item")


def _encoder(facts: Facts, model: ModelSettings) -> Iterator[Choice]:
    is_short = facts.median_history < _SHORT_HISTORY
    history = f"{facts.median_history:.0f} events before a target at the median"
    targets = f"{facts.num_targets:,} targets to learn from"
    blocks = 2 if facts.num_targets >= _MANY_TARGETS and not is_short else 1
    order = "unknown" if facts.order_gain is None else f"{facts.order_gain:.2f} times"
    yield Choice(
        "model.encoder.kind",
        "convolution",
        f"what came next tells {order} what came near tells; kernels learn an order and a mean",
    )
    yield Choice("model.encoder.num_blocks", blocks, f"{targets}, {history}")
    if model.encoder.kind not in ("mean", "decayed"):
        width = min(_MAX_KERNEL_WIDTH, facts.max_history + 1)
        yield Choice("model.encoder.kernel_width", width, f"histories of up to {facts.max_history}")
    targets_an_item = facts.num_targets / facts.num_items
    dropout = 0.2
    if targets_an_item < _FEW_TARGETS_AN_ITEM:
        dropout = 0.5 if is_short else 0.3
    few = f"{targets_an_item:.0f} targets an item, {history}"
    yield Choice("model.encoder.dropout", dropout, few)


def _loss(facts: Facts, model: ModelSettings, train: TrainSettings) -> Iterator[Choice]:
    catalogue = f"{facts.num_items:,} candidates"
    pool = [name for name in POOL_SETTINGS if getattr(train, name) is not None]
    chosen: Loss = "sampled_softmax"
    if pool:
        yield Choice("train.loss", chosen, f"train.{pool[0]} is configured")
    elif facts.num_items > _MAX_ITEMS_OF_FULL_SOFTMAX:
        yield Choice("train.loss", chosen, f"{catalogue}: too many to score them all")
    else:
        chosen = "full_softmax"
        yield Choice("train.loss", chosen, f"{catalogue}: few enough to score them all")
    loss = train.loss or chosen
    if loss != "full_softmax":
        # A group of in-batch negatives is scored as of one instant.
        moves = facts.popularity_gain is not None
        in_time = "in small groups by time" if moves else "in any order"
        yield Choice("train.in_batch_negatives", 128 if moves else 512, f"targets stand {in_time}")
        yield Choice("train.catalogue_negatives", 2048, f"train.loss is {loss}")
    if model.similarity == "cosine" and loss in ("full_softmax", "sampled_softmax"):
        yield Choice("train.temperature", _COSINE_TEMPERATURE, "model.similarity is cosine")


def _time(facts: Facts) -> Iterator[Choice]:
    if facts.popularity_gain is None:
        reason = "eval does not follow train in time, or is empty"
        yield Choice("model.recent_popularity", False, reason)
        return
    new = 1.0 - (facts.returning_share or 0.0)
    yield Choice("model.recent_popularity", True, "eval follows train in time")
    yield Choice("train.history_dropout", 0.03, f"{new:.0%} of eval is of users not seen before")


def _new_items(facts: Facts) -> Iterator[Choice]:
    share = facts.new_item_share
    if share is not None and share >= _MANY_NEW_ITEMS:
        reason = f"{share:.1%} of eval is of items that no target of train is"
        yield Choice("train.id_dropout", 0.1, reason)


def _steps(facts: Facts) -> Iterator[Choice]:
    targets = f"{facts.num_targets:,} targets an epoch"
    is_large = facts.num_targets >= _MANY_TARGETS
    yield Choice("train.events_per_step", 6400 if is_large else 2048, targets)
    yield Choice("train.learning_rate", 3e-3 if is_large else 4e-3, targets)
    yield Choice("train.max_epochs", 40 if is_large else 16, targets)


def _setting(settings: dict[str, Any], key: str) -> Any:
    """The configuration's own value of a dotted key."""
    section, *names = key.split(".")
    value = settings[section]
    for name in names:
        value = getattr(value, name)
    return value


def _nested(choices: tuple[Choice, ...]) -> dict[str, Any]:
    """Dotted keys as nested dictionaries."""
    nested: dict[str, Any] = {}
    for choice in choices:
        *path, name = choice.key.split(".")
        place = nested
        for part in path:
            place = place.setdefault(part, {})
        place[name] = choice.value
    return nested
