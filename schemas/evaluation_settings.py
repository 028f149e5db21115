"""Settings of the evaluation, and of the requirements that a model must meet."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from schemas.setting_doc import Doc
from schemas.source_settings import FORBID_UNKNOWN_KEYS, Fraction, PositiveFloat, PositiveInt

# With fewer samples, the bounds of the intervals, and with them the verdicts of the gates, depend
# too much on chance: a loss that is exactly accepted is rejected in 2.5 % of cases with very many
# samples, in about 3 % with 200, 6 % with 20 and 50 % with one
# (tests/components/evaluator/test_paired_comparison.py).
MIN_BOOTSTRAP_SAMPLES = 200


@dataclass(frozen=True, kw_only=True)
class ModelGateSettings:
    """Requirements that a model must meet on the test split to be pushed."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    metric: Annotated[
        str,
        Doc(
            "The metric that gates and slices use: recall@K, hit_rate@K, ndcg@K, mrr or map@10.",
            example="ndcg@10",
        ),
    ] = "recall@10"
    not_worse_than: Annotated[
        tuple[str, ...] | None,
        Doc(
            "Baselines of which the model must not be worse: it is rejected if the 95 % interval "
            "of the paired difference lies below 0.",
            example=["popularity", "markov"],
            default="every baseline of the run",
        ),
    ] = None
    better_than: Annotated[
        tuple[str, ...],
        Doc(
            "Baselines of which the model must be better: it is rejected unless the 95 % interval "
            "of the paired difference lies above 0.",
            example=["popularity", "recent_popularity"],
        ),
    ] = ()
    min_value: Annotated[
        Fraction | None,
        Doc("Smallest accepted value of the metric.", example=0.02, default="no minimum"),
    ] = None
    max_drop: Annotated[
        Fraction | None,
        Doc(
            "Largest accepted relative loss against the model that serves now: a model is rejected "
            "if the 95 % interval of the paired difference lies below it; `null` switches the "
            "comparison off.",
            example=0.02,
        ),
    ] = 0.05
    max_slice_drop: Annotated[
        Fraction | None,
        Doc(
            "The same for each slice, with intervals that hold for all slices together; `null` "
            "switches the comparison off.",
            example=0.2,
        ),
    ] = 0.1
    slices: Annotated[
        tuple[str, ...] | None,
        Doc(
            "Dimensions whose slices `max_slice_drop` limits: user_activity, past_events, "
            "item_popularity, days_since_split, model_age, event_type, and those of "
            "`evaluation.slices`.",
            example=["item_popularity", "users.country"],
            default="user_activity, item_popularity, event_type and `evaluation.slices`",
        ),
    ] = None
    min_coverage: Annotated[
        Fraction | None,
        Doc(
            "Smallest accepted coverage@10, as a share of the largest coverage that the test "
            "queries allow; `null` switches the gate off.",
            example=0.1,
        ),
    ] = 0.01
    min_effective_rank: Annotated[
        PositiveFloat | None,
        Doc(
            "Smallest accepted effective rank of the embeddings of queries and of items; `null` "
            "switches the gate off.",
            unit="dimensions",
            example=8,
        ),
    ] = 2.0


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
        Annotated[int, Field(ge=MIN_BOOTSTRAP_SAMPLES)],
        Doc("Number of bootstrap samples of the intervals.", example=500),
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
