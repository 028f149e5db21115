"""Settings of the model: its towers, and how they are trained."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.setting_doc import BY_RECIPE, Doc
from schemas.source_settings import FORBID_UNKNOWN_KEYS, PositiveFloat, PositiveInt

Dropout = Annotated[float, Field(ge=0.0, lt=1.0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]

EncoderKind = Literal["mean", "decayed", "convolution", "transformer"]
Similarity = Literal["dot", "cosine", "euclidean"]
Loss = Literal["full_softmax", "sampled_softmax", "contrastive", "triplet"]
Strategy = Literal["mirrored", "multi_worker"]
NegativeSampling = Literal["uniform", "mixed", "popularity"]
Refit = Literal["continue", "full", "none"]
# Settings of the pool of negatives; a full softmax scores the whole catalogue and has no pool.
POOL_SETTINGS = (
    "in_batch_negatives",
    "catalogue_negatives",
    "negative_sampling",
    "hard_negatives",
)


def _by_recipe(text: str, example: Any, unit: str = "") -> Doc:
    return Doc(text, example, unit, BY_RECIPE)


@dataclass(frozen=True, kw_only=True)
class EncoderSettings:
    """The causal encoder of histories: pre-norm blocks that mix past positions, then an MLP."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    kind: Annotated[
        EncoderKind | None,
        _by_recipe(
            "How a block mixes past positions: their plain mean, weights that decay with the lag "
            "at a learned rate, learned convolution kernels, or self-attention.",
            example="transformer",
        ),
    ] = None
    num_blocks: Annotated[
        Annotated[int, Field(ge=1, le=8)] | None, _by_recipe("Number of blocks.", example=2)
    ] = None
    num_heads: Annotated[
        Annotated[int, Field(ge=1, le=32)] | None,
        _by_recipe("Number of heads of a block; divides `model.dim`.", example=4),
    ] = None
    kernel_width: Annotated[
        Annotated[int, Field(ge=1, le=512)] | None,
        _by_recipe("Width of the kernels of `kind: convolution`.", unit="events", example=50),
    ] = None
    dropout: Annotated[Dropout | None, _by_recipe("Dropout rate of the blocks.", example=0.2)] = (
        None
    )


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Sizes and parts of the two towers."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    dim: Annotated[
        Annotated[int, Field(ge=4, le=1024)] | None,
        _by_recipe("Size of the shared embedding space.", unit="dimensions", example=64),
    ] = None
    hidden_dim: Annotated[
        Annotated[int, Field(ge=4, le=4096)] | None,
        _by_recipe(
            "Width of the hidden layer that combines the history with the request.",
            unit="dimensions",
            example=128,
        ),
    ] = None
    feature_dim: Annotated[
        Annotated[int, Field(ge=1, le=256)] | None,
        _by_recipe(
            "Size of the embedding of one user, context or event feature.",
            unit="dimensions",
            example=32,
        ),
    ] = None
    user_id_embedding: Annotated[
        bool | None,
        _by_recipe("Whether the user's id is a feature of the query tower.", example=True),
    ] = None
    max_item_ids: Annotated[
        PositiveInt,
        Doc(
            "Largest number of rows of a table of item ids. If split train has more items, three "
            "quarters of the rows belong to the most frequent ones, and the others share the rest "
            "by a hash of the id; their features still distinguish them.",
            unit="rows",
            example=200_000,
        ),
    ] = 1_000_000
    max_user_ids: Annotated[
        PositiveInt,
        Doc(
            "Largest number of rows of the table of user ids, like `model.max_item_ids`.",
            unit="rows",
            example=200_000,
        ),
    ] = 1_000_000
    share_item_table: Annotated[
        bool | None,
        _by_recipe(
            "Whether histories and candidates use one table of item embeddings, or two.",
            example=True,
        ),
    ] = None
    recent_popularity: Annotated[
        bool | None,
        _by_recipe(
            "Whether scores depend on how often an item was interacted with recently, as of the "
            "end of the train split.",
            example=False,
        ),
    ] = None
    similarity: Annotated[
        Similarity | None, _by_recipe("How a query and a candidate are compared.", example="cosine")
    ] = None
    encoder: Annotated[
        EncoderSettings, Doc("The encoder of histories.", example={"kind": "transformer"})
    ] = field(default_factory=EncoderSettings)


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How the towers are trained."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    refit: Annotated[
        Refit,
        Doc(
            "What the towers learn after they have been evaluated and before they are pushed: "
            "`continue` continues their training on the splits eval and test, `full` trains new "
            "towers on the whole log for as many epochs, `none` pushes the evaluated towers.",
            example="full",
        ),
    ] = "continue"
    warm_start: Annotated[
        bool,
        Doc(
            "Whether the training starts from the towers of the version that serves, moved to the "
            "new vocabularies by id string. Without a version the training starts from random "
            "weights.",
            example=True,
        ),
    ] = False
    loss: Annotated[
        Loss | None,
        _by_recipe(
            "`full_softmax` scores the whole catalogue for each target. The other losses score a "
            "pool of negatives: `in_batch_negatives` and `catalogue_negatives`.",
            example="sampled_softmax",
        ),
    ] = None
    max_epochs: Annotated[
        PositiveInt | None, _by_recipe("Largest number of epochs.", unit="epochs", example=10)
    ] = None
    patience: Annotated[
        PositiveInt | None,
        _by_recipe(
            "Training ends after this many epochs without a better validation result.",
            unit="epochs",
            example=3,
        ),
    ] = None
    events_per_step: Annotated[
        PositiveInt | None,
        _by_recipe(
            "Size of a batch, counted in events of its windows.", unit="events", example=2048
        ),
    ] = None
    learning_rate: Annotated[
        PositiveFloat | None, _by_recipe("Peak learning rate of Adam.", example=0.004)
    ] = None
    temperature: Annotated[
        PositiveFloat | None, _by_recipe("Divides the scores in a softmax loss.", example=0.05)
    ] = None
    margin: Annotated[
        NonNegativeFloat | None,
        _by_recipe("Margin of the losses `contrastive` and `triplet`.", example=0.5),
    ] = None
    in_batch_negatives: Annotated[
        Annotated[int, Field(ge=0)] | None,
        _by_recipe(
            "Number of targets of a step that are negatives of the targets of other users; 0 uses "
            "`catalogue_negatives` alone.",
            unit="targets",
            example=512,
        ),
    ] = None
    catalogue_negatives: Annotated[
        Annotated[int, Field(ge=0)] | None,
        _by_recipe(
            "Number of negatives that each step draws from the catalogue.",
            unit="items",
            example=2048,
        ),
    ] = None
    negative_sampling: Annotated[
        NegativeSampling | None,
        _by_recipe(
            "Distribution of the negatives that are drawn from the catalogue: uniform, by the "
            "number of targets of an item, or half of the draws by each.",
            example="popularity",
        ),
    ] = None
    hard_negatives: Annotated[
        PositiveInt | None,
        Doc(
            "Keeps only the negatives of a target with the highest scores, up to this number.",
            unit="items",
            example=100,
            default="all negatives of the pool",
        ),
    ] = None
    negative_weight: Annotated[
        NonNegativeFloat | None,
        _by_recipe(
            "Weight of the loss term that ranks each target above the items of the user's earlier "
            "negative feedback (`targets.negative`); 0 leaves the term out.",
            example=0.5,
        ),
    ] = None
    feature_dropout: Annotated[
        Dropout | None,
        _by_recipe(
            "Share of the user and context features that training hides at random, so that the "
            "model handles requests in which they are missing.",
            example=0.05,
        ),
    ] = None
    id_dropout: Annotated[
        Dropout | None,
        _by_recipe(
            "Share of the item ids that training hides at random, so that the embeddings of new "
            "items come from their features.",
            example=0.1,
        ),
    ] = None
    history_dropout: Annotated[
        Dropout | None,
        _by_recipe(
            "Share of the histories that training hides at random, so that the model handles "
            "users without a history.",
            example=0.03,
        ),
    ] = None
    popularity_lag: Annotated[
        Annotated[float, Field(ge=0.0, le=0.5)] | None,
        _by_recipe(
            "Largest age of the popularity of items in training, as a share of the targets of the "
            "train split: it is as of a random instant up to this long before a target, as a "
            "served model's is as of the end of the train split.",
            example=0.25,
        ),
    ] = None
    average_epochs: Annotated[
        NonNegativeFloat | None,
        _by_recipe(
            "Period of the running average of the weights, which is validated and served; 0 uses "
            "the last weights.",
            unit="epochs",
            example=2.5,
        ),
    ] = None
    max_seconds: Annotated[
        PositiveFloat | None,
        Doc(
            "Time limit of the training. The learning rate decays by time or by steps, whichever "
            "is further advanced. `null` means no limit and a schedule by steps alone, which "
            "deterministic training needs.",
            unit="seconds",
            example=600,
        ),
    ] = 1500.0
    strategy: Annotated[
        Strategy | None,
        Doc(
            "`mirrored` trains on all GPUs of one machine, `multi_worker` on the machines of the "
            "environment variable `TF_CONFIG`. Each replica computes its share of each step.",
            example="multi_worker",
            default="one device",
        ),
    ] = None
    worker_timeout_s: Annotated[
        PositiveFloat,
        Doc(
            "With `strategy: multi_worker`, the training ends with an error if a worker does not "
            "start within this time. Later, TensorFlow recognises a lost worker in about 10 s.",
            unit="seconds",
            example=120,
        ),
    ] = 300.0
    mixed_precision: Annotated[
        bool,
        Doc(
            "Whether the query tower computes in bfloat16 during training; weights, embedding "
            "tables, scores and losses remain float32. Meant for GPUs.",
            example=True,
        ),
    ] = False
    max_windows_gb: Annotated[
        NonNegativeFloat,
        Doc(
            "Memory for the windows of a split. Larger ones are written to temporary files (in the "
            "folder of the environment variable `TMPDIR`), and each step reads its windows from "
            "there; the batches are the same.",
            unit="GB",
            example=0.5,
        ),
    ] = 2.0
    seed: Annotated[
        int, Doc("Seed of initial weights, shuffling, dropout and sampling.", example=18)
    ] = 17
    deterministic: Annotated[
        bool,
        Doc(
            "Whether two trainings on the same data and machine give the same weights, bit for "
            "bit. Needs `max_seconds: null`, and is slower.",
            example=True,
        ),
    ] = False
