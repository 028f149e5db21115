"""Settings of what serves: the search of the candidates, and where versions are published."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from schemas.setting_doc import Doc
from schemas.source_settings import FORBID_UNKNOWN_KEYS, Fraction, PositiveFloat, PositiveInt
from schemas.version_labels import LABEL_PATTERN, STABLE


@dataclass(frozen=True, kw_only=True)
class IndexSettings:
    """How candidates are searched when the model serves."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    kind: Annotated[
        Literal["scann", "exact", "auto"],
        Doc(
            "`scann`: ScaNN, if there are enough items to train it, and an inverted file in the "
            "portable twin where that is faster. `exact`: exact search in both. "
            "`auto`: the one that was measured to be faster.",
            example="auto",
        ),
    ] = "scann"
    k: Annotated[
        PositiveInt,
        Doc(
            "Number of items that a request returns unless it states its own.",
            unit="items",
            example=50,
        ),
    ] = 100
    max_k: Annotated[
        PositiveInt,
        Doc("Largest `k` of a request.", unit="items", example=500),
    ] = 200
    recall_target: Annotated[
        Annotated[float, Field(gt=0.0, le=1.0)],
        Doc("Recall of the search, against exact search, that tuning must reach.", example=0.95),
    ] = 0.99
    num_leaves: Annotated[
        PositiveInt | None,
        Doc("Number of leaves of ScaNN's tree.", example=1000, default="tuned"),
    ] = None
    num_leaves_to_search: Annotated[
        PositiveInt | None,
        Doc("Number of leaves that a query searches.", example=50, default="tuned"),
    ] = None
    max_latency_ms: Annotated[
        PositiveFloat | None,
        Doc(
            "Largest accepted latency of a request to the exported model, at the 99th percentile. "
            "A slower model is not pushed.",
            unit="milliseconds",
            example=20.0,
            default="no limit",
        ),
    ] = None
    tuning_seconds: Annotated[
        PositiveFloat | None,
        Doc(
            "Time that tuning may spend on building indexes.",
            unit="seconds",
            example=300,
            default="10 s, plus 60 s for each 120,000 items of 64 dimensions",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PushSettings:
    """Where versions are published, and which catalogue may replace the one that serves."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    serving_dir: Annotated[
        str | None,
        Doc(
            "Parent of the folder NAME into which versions of the model with the ScaNN index are "
            "published.",
            example="gs://shop-models/serving",
            default="`serving` in the run directory",
        ),
    ] = None
    portable_dir: Annotated[
        str | None,
        Doc(
            "Parent of the folder NAME into which versions of the portable twin are published, "
            "which has no custom op.",
            example="gs://shop-models/serving_portable",
            default="`serving_portable` in the run directory",
        ),
    ] = None
    keep_versions: Annotated[
        PositiveInt,
        Doc(
            "Number of versions that are kept; older ones are deleted.", unit="versions", example=3
        ),
    ] = 5
    label: Annotated[
        Annotated[str, Field(pattern=f"^{LABEL_PATTERN}$")],
        Doc(
            "The label that moves to a pushed version. With another one than `stable`, the version "
            "that serves keeps `stable`; the first version of a destination gets both.",
            example="canary",
        ),
    ] = STABLE
    max_catalogue_drop: Annotated[
        Fraction | None,
        Doc(
            "Largest accepted relative loss of items against the catalogue of the version that "
            "serves now, also of a re-index: a truncated export is rejected. Of a re-index, also "
            "the largest share of these items that may be missing. `null` switches the gates off.",
            example=0.9,
        ),
    ] = 0.5
