"""The sections of the configuration that say how the model is trained, judged and served."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from schemas.source_settings import FORBID_UNKNOWN_KEYS, Fraction, PositiveInt

Dropout = Annotated[float, Field(ge=0.0, lt=1.0)]


@dataclass(frozen=True, kw_only=True)
class EncoderSettings:
    """The causal history encoder: pre-norm blocks of learned causal kernels, then an MLP."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    num_blocks: Annotated[int, Field(ge=1, le=8)] = 2
    num_heads: Annotated[int, Field(ge=1, le=32)] = 8
    kernel_width: Annotated[int, Field(ge=1, le=512)] = 50
    dropout: Dropout = 0.2


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Sizes of the two towers. `dim` is the size of the shared embedding space."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    dim: Annotated[int, Field(ge=4, le=1024)] = 64
    hidden_dim: Annotated[int, Field(ge=4, le=4096)] = 128
    feature_dim: Annotated[int, Field(ge=1, le=256)] = 16
    user_id_embedding: bool = True
    encoder: EncoderSettings = field(default_factory=EncoderSettings)


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How the towers are trained. `batch_size` counts windows, not events.

    A target is told apart from `in_batch_negatives` other targets of its batch and from
    `uniform_negatives` items drawn uniformly; the whole catalogue where it has no more.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    max_epochs: PositiveInt = 8
    patience: PositiveInt = 2
    batch_size: PositiveInt = 32
    learning_rate: Annotated[float, Field(gt=0)] = 4e-3
    temperature: Annotated[float, Field(gt=0)] = 1.0
    in_batch_negatives: PositiveInt = 256
    uniform_negatives: Annotated[int, Field(ge=0)] = 256
    feature_dropout: Dropout = 0.1
    id_dropout: Dropout = 0.1
    max_seconds: Annotated[float, Field(gt=0)] | None = None
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
