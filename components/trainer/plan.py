"""A complete plan of a training: every value that the recipe or the configuration sets.

A field without a default here gets its value from the recipe or from the settings. A field with a
default is one that the recipe does not always choose.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

from schemas.model_settings import (
    EncoderKind,
    Loss,
    ModelSettings,
    NegativeSampling,
    Similarity,
    Strategy,
    TrainSettings,
)

Plan = TypeVar("Plan")


@dataclass(frozen=True, kw_only=True)
class EncoderPlan:
    """The values of `schemas.model_settings.EncoderSettings` for one training."""

    kind: EncoderKind
    num_blocks: int
    num_heads: int
    kernel_width: int = 50
    dropout: float


@dataclass(frozen=True, kw_only=True)
class ModelPlan:
    """The values of `schemas.model_settings.ModelSettings` for one training."""

    dim: int
    hidden_dim: int
    feature_dim: int = 32
    user_id_embedding: bool = False
    max_item_ids: int
    max_user_ids: int
    share_item_table: bool
    recent_popularity: bool
    similarity: Similarity = "dot"
    encoder: EncoderPlan


@dataclass(frozen=True, kw_only=True)
class TrainPlan:
    """The values of `schemas.model_settings.TrainSettings` for one training.

    `hard_negatives: None` keeps all negatives, and `max_seconds: None` sets no time limit.
    """

    loss: Loss
    max_epochs: int
    patience: int = 5
    events_per_step: int
    learning_rate: float
    temperature: float = 1.0
    margin: float = 0.5
    in_batch_negatives: int = 0
    catalogue_negatives: int = 2048
    negative_sampling: NegativeSampling = "uniform"
    hard_negatives: int | None = None
    negative_weight: float = 0.3
    feature_dropout: float = 0.05
    id_dropout: float = 0.03
    history_dropout: float = 0.0
    popularity_lag: float = 0.125
    average_epochs: float = 2.5
    max_seconds: float | None
    strategy: Strategy | None = None
    mixed_precision: bool
    seed: int
    deterministic: bool


def build_plan(
    plan_type: type[Plan],
    chosen: Mapping[str, Any],
    settings: ModelSettings | TrainSettings | Any,
) -> Plan:
    """Builds a plan. A configured value precedes a chosen one, which precedes the plan's default.

    Settings that the plan does not have are not about the training itself, such as `refit`. A
    setting whose default is None is configured if it is not None. Every other setting, such as
    `max_seconds`, is configured in any case, and its None is a value of its own.

    Args:
      plan_type: A dataclass of this module.
      chosen: The values that the recipe chose, by field name; nested for a nested plan.
      settings: The settings dataclass with the same field names, and possibly more.

    Raises:
      TypeError: A field of the plan without a default is neither configured nor chosen.
    """
    types = get_type_hints(plan_type)
    values = dict(chosen)
    for setting in fields(settings):
        if setting.name not in types:
            continue
        value = getattr(settings, setting.name)
        if is_dataclass(value):
            nested = chosen.get(setting.name, {})
            values[setting.name] = build_plan(types[setting.name], nested, value)
        elif value is not None or setting.default is not None:
            values[setting.name] = value
    return plan_type(**values)
