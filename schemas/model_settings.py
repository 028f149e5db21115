"""The sections of the configuration that say how the model is trained, judged and served."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from schemas.source_settings import FORBID_UNKNOWN_KEYS, Fraction, PositiveInt

Dropout = Annotated[float, Field(ge=0.0, lt=1.0)]


EncoderKind = Literal["mean", "decayed", "convolution", "transformer"]
Similarity = Literal["dot", "cosine", "euclidean"]
Loss = Literal["full_softmax", "sampled_softmax", "contrastive", "triplet"]
# What shapes the pool of negatives, which a full softmax has none of.
POOL_SETTINGS = (
    "in_batch_negatives",
    "catalogue_negatives",
    "negative_sampling",
    "hard_negatives",
)


@dataclass(frozen=True, kw_only=True)
class EncoderSettings:
    """The causal history encoder: pre-norm blocks that mix past positions, then an MLP.

    What is None the recipe chooses (`components/trainer/fit/recipe.py`). `kind` says how a block
    mixes: a plain mean, learned recency weights, learned kernels over the last `kernel_width`
    events, or self-attention. `num_heads` of them stand side by side.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    kind: EncoderKind | None = None
    num_blocks: Annotated[int, Field(ge=1, le=8)] | None = None
    num_heads: Annotated[int, Field(ge=1, le=32)] | None = None
    kernel_width: Annotated[int, Field(ge=1, le=512)] | None = None
    dropout: Dropout | None = None


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Sizes and parts of the two towers; what is None the recipe chooses.

    `dim` is the size of the shared embedding space. `share_item_table` makes histories and
    candidates read one table of items. `recent_popularity` lets a score move with how often an
    item was met of late, as of the end of split train.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    dim: Annotated[int, Field(ge=4, le=1024)] | None = None
    hidden_dim: Annotated[int, Field(ge=4, le=4096)] | None = None
    feature_dim: Annotated[int, Field(ge=1, le=256)] | None = None
    user_id_embedding: bool | None = None
    share_item_table: bool | None = None
    recent_popularity: bool | None = None
    similarity: Similarity | None = None
    encoder: EncoderSettings = field(default_factory=EncoderSettings)


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How the towers are trained; what is None the recipe chooses.

    `loss: full_softmax` tells a target apart from the whole catalogue, every other loss from
    `in_batch_negatives` targets of its batch and from `catalogue_negatives` drawn by
    `negative_sampling`; of these only the `hard_negatives` that score highest count, where set.
    `margin` is of the losses `contrastive` and `triplet`. `average_epochs` is how far back the
    running average of the weights reaches; 0 keeps the last weights.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    loss: Loss | None = None
    max_epochs: PositiveInt | None = None
    patience: PositiveInt | None = None
    events_per_step: PositiveInt | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    temperature: Annotated[float, Field(gt=0)] | None = None
    margin: Annotated[float, Field(ge=0)] | None = None
    in_batch_negatives: PositiveInt | None = None
    catalogue_negatives: Annotated[int, Field(ge=0)] | None = None
    negative_sampling: Literal["uniform", "popularity"] | None = None
    hard_negatives: PositiveInt | None = None
    feature_dropout: Dropout | None = None
    id_dropout: Dropout | None = None
    history_dropout: Dropout | None = None
    average_epochs: Annotated[float, Field(ge=0)] | None = None
    max_seconds: Annotated[float, Field(gt=0)] | None = 1500.0
    seed: int = 17


@dataclass(frozen=True, kw_only=True)
class ModelGateSettings:
    """What a model must reach to be blessed; every gate reads the test split.

    `beats` names baselines whose value of `metric` the model must exceed; `max_drop` is the
    largest relative loss against the model that serves now.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    metric: str = "recall@10"
    beats: tuple[str, ...] = ("popularity",)
    min_value: Fraction | None = None
    max_drop: Fraction | None = 0.05


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """How the model is measured on held-out time.

    `slices` names features that hold categories, `users.NAME`, `context.NAME` or `items.NAME`: the
    metrics of each of their values are told apart.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    cutoffs: tuple[PositiveInt, ...] = (1, 5, 10, 20, 50, 100)
    max_targets: PositiveInt = 50_000
    bootstrap_samples: PositiveInt = 1000
    slices: tuple[str, ...] = ()
    gates: ModelGateSettings = field(default_factory=ModelGateSettings)
    seed: int = 17


@dataclass(frozen=True, kw_only=True)
class IndexSettings:
    """How candidates are searched when the model serves."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    kind: Literal["scann", "exact", "auto"] = "scann"
    k: PositiveInt = 100
    max_k: PositiveInt = 200
    recall_target: Annotated[float, Field(gt=0.0, le=1.0)] = 0.99
    num_leaves: PositiveInt | None = None
    num_leaves_to_search: PositiveInt | None = None
    max_latency_ms: Annotated[float, Field(gt=0)] | None = None
    tuning_seconds: Annotated[float, Field(gt=0)] | None = None


@dataclass(frozen=True, kw_only=True)
class PushSettings:
    """Where versions are published; by default under the run directory."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    serving_dir: str | None = None
    exact_dir: str | None = None
    keep_versions: PositiveInt = 5


@dataclass(frozen=True, kw_only=True)
class BeamSettings:
    """Arguments passed straight through to Apache Beam."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    args: tuple[str, ...] = ()
