"""Settings of the evaluation, and of the requirements that a model must meet."""

from dataclasses import dataclass, field
from typing import Annotated

from schemas.setting_doc import Doc
from schemas.source_settings import FORBID_UNKNOWN_KEYS, Fraction, PositiveInt


@dataclass(frozen=True, kw_only=True)
class ModelGateSettings:
    """Requirements that a model must meet on the test split to be pushed."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    metric: Annotated[
        str,
        Doc(
            "The metric that gates and slices use: recall@K, hit_rate@K, ndcg@K, mrr, map@10 or "
            "coverage@10.",
            example="ndcg@10",
        ),
    ] = "recall@10"
    beats: Annotated[
        tuple[str, ...],
        Doc(
            "Baselines whose value of the metric the model must exceed.",
            example=["popularity", "markov"],
        ),
    ] = ("popularity",)
    min_value: Annotated[
        Fraction | None,
        Doc("Smallest accepted value of the metric.", example=0.02, default="no minimum"),
    ] = None
    max_drop: Annotated[
        Fraction | None,
        Doc(
            "Largest accepted relative loss against the model that serves now; `null` switches "
            "the comparison off.",
            example=0.02,
        ),
    ] = 0.05


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """How the model is measured on held-out time."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    cutoffs: Annotated[
        tuple[PositiveInt, ...],
        Doc("Values of K of recall@K.", unit="items", example=[10, 100]),
    ] = (1, 5, 10, 20, 50, 100)
    max_targets: Annotated[
        PositiveInt,
        Doc(
            "With more queries than this, whole users are sampled with a fixed seed.",
            unit="queries",
            example=10_000,
        ),
    ] = 50_000
    bootstrap_samples: Annotated[
        PositiveInt, Doc("Number of bootstrap samples of the intervals.", example=200)
    ] = 1000
    slices: Annotated[
        tuple[str, ...],
        Doc(
            "Features of kind `category` or `categories`, as users.NAME, context.NAME or "
            "items.NAME: the metrics are also reported for each of their values.",
            example=["items.genres", "users.country"],
        ),
    ] = ()
    gates: Annotated[
        ModelGateSettings,
        Doc("Requirements that a model must meet to be pushed.", example={"metric": "ndcg@10"}),
    ] = field(default_factory=ModelGateSettings)
    seed: Annotated[int, Doc("Seed of the bootstrap and of the sampled users.", example=18)] = 17
