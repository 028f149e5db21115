"""The whole configuration as one frozen dataclass, and its canonical JSON.

Components take their sections of it as canonical JSON (sorted keys, no spaces): equal settings
are equal strings, so the string itself can key a cache.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, TypeAdapter

from schemas.data_settings import InteractionsSettings, ItemsSettings, UsersSettings
from schemas.deploy_settings import DeploySettings
from schemas.evaluation_settings import EvaluationSettings
from schemas.id_settings import IdsSettings
from schemas.model_settings import ModelSettings, TrainSettings
from schemas.privacy_settings import EraseSettings, RejectsSettings
from schemas.serving_settings import IndexSettings, PushSettings
from schemas.setting_doc import Doc
from schemas.source_settings import FORBID_UNKNOWN_KEYS, NonEmptyText
from schemas.target_settings import HistorySettings, SplitSettings, TargetsSettings

T = TypeVar("T")

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


@dataclass(frozen=True, kw_only=True)
class BeamSettings:
    """Options of Apache Beam."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    args: Annotated[
        tuple[str, ...],
        Doc(
            "Command-line options that are passed to Apache Beam. Workers in containers need an "
            "image in which this project and its libraries are installed.",
            example=["--direct_running_mode=multi_processing", "--direct_num_workers=4"],
            default="Beam's local runner",
        ),
    ] = ()


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Everything that decides which examples exist: the cache key of the ingestion."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    interactions: Annotated[
        InteractionsSettings,
        Doc(
            "The interaction log.",
            example={
                "path": "logs/events-*.csv.gz",
                "format": "csv",
                "fields": {"user_id": "customer", "item_id": "sku", "timestamp": "time"},
            },
        ),
    ]
    items: Annotated[
        ItemsSettings | None,
        Doc(
            "The item catalogue.",
            example={
                "path": "catalogue.jsonl",
                "format": "jsonl",
                "fields": {"item_id": "sku"},
                "features": {"title": "text"},
            },
            default="the items of the log, without features",
        ),
    ] = None
    users: Annotated[
        UsersSettings | None,
        Doc(
            "The users file.",
            example={
                "path": "customers.csv",
                "format": "csv",
                "fields": {"user_id": "customer"},
                "features": {"country": "category"},
            },
            default="no user features",
        ),
    ] = None
    ids: Annotated[
        IdsSettings,
        Doc(
            "How ids of users and items are compared, in all sources and in requests.",
            example={"normalise": ["case"]},
        ),
    ] = field(default_factory=IdsSettings)
    erase: Annotated[
        EraseSettings,
        Doc(
            "Users and items whose records are dropped at ingestion.",
            example={"user_ids_path": "erase/users.txt"},
        ),
    ] = field(default_factory=EraseSettings)
    rejects: Annotated[
        RejectsSettings,
        Doc("How much of a rejected record is written.", example={"raw": False}),
    ] = field(default_factory=RejectsSettings)
    targets: Annotated[
        TargetsSettings,
        Doc("Which events are targets.", example={"event_types": ["purchase"]}),
    ] = field(default_factory=TargetsSettings)
    repeat_interactions: Annotated[
        Literal["exclude", "allow"],
        Doc(
            "`exclude`: an item that a user has interacted with in any way is neither a target "
            "nor recommended to the user again. `allow`: it may be both, unless the user's last "
            "event on it is negative feedback (`targets.negative`).",
            example="allow",
        ),
    ] = "exclude"
    split: Annotated[
        SplitSettings,
        Doc("How train, eval and test are separated.", example={"eval_fraction": 0.05}),
    ] = field(default_factory=SplitSettings)
    history: Annotated[
        HistorySettings, Doc("The history that a query contains.", example={"max_length": 50})
    ] = field(default_factory=HistorySettings)

    @property
    def without_erased_ids(self) -> "DataSettings":
        """The same settings without the ids to erase, for every step that reads no raw records.

        ML Metadata keeps the parameters of a step, so ids to erase may only reach the steps that
        need them.
        """
        return replace(self, erase=EraseSettings())

    @property
    def takes_logged_items(self) -> bool:
        """Whether an item that appears in the log only is a candidate."""
        return self.items is None or self.items.unknown == "accept"

    @property
    def rejects_never_logged(self) -> bool:
        """Whether an item without a readable event is rejected."""
        return self.items is not None and self.items.never_logged == "strict"

    @property
    def catalogue_reads_log(self) -> bool:
        """Whether the set of candidates depends on the items of the log."""
        return self.takes_logged_items or self.rejects_never_logged


@dataclass(frozen=True, kw_only=True)
class Settings(DataSettings):
    """A whole configuration file, validated."""

    name: Annotated[
        str,
        Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63),
        Doc(
            "Name of the model: lower-case letters, digits and hyphens. Versions are published in "
            "a folder of this name.",
            example="shop",
        ),
    ]
    output: Annotated[NonEmptyText, Doc("The run directory.", example="runs/shop")]
    schema: Annotated[
        str | None,
        Doc(
            "A curated schema (TensorFlow Metadata in text format) with the valid values of the "
            "features; `twotower schema` infers one.",
            example="shop.pbtxt",
            default="layout and drift are checked, values are not",
        ),
    ] = None
    model: Annotated[
        ModelSettings, Doc("Sizes and parts of the two towers.", example={"dim": 64})
    ] = field(default_factory=ModelSettings)
    train: Annotated[
        TrainSettings, Doc("How the towers are trained.", example={"max_epochs": 10})
    ] = field(default_factory=TrainSettings)
    evaluation: Annotated[
        EvaluationSettings,
        Doc("How the model is measured.", example={"slices": ["users.country"]}),
    ] = field(default_factory=EvaluationSettings)
    index: Annotated[
        IndexSettings, Doc("How candidates are searched.", example={"recall_target": 0.95})
    ] = field(default_factory=IndexSettings)
    push: Annotated[
        PushSettings, Doc("Where versions are published.", example={"keep_versions": 3})
    ] = field(default_factory=PushSettings)
    beam: Annotated[
        BeamSettings,
        Doc("Options of Apache Beam.", example={"args": ["--direct_num_workers=4"]}),
    ] = field(default_factory=BeamSettings)

    deploy: Annotated[
        DeploySettings | None,
        Doc(
            "Where a pipeline that is compiled for Vertex AI runs.",
            example={"project": "shop-prod", "region": "europe-west4"},
            default="the place is chosen at submission, and the trainer runs in its container",
        ),
    ] = None

    @property
    def data(self) -> DataSettings:
        """The settings that decide which examples exist, without the others."""
        return DataSettings(
            interactions=self.interactions,
            items=self.items,
            users=self.users,
            ids=self.ids,
            erase=self.erase,
            rejects=self.rejects,
            targets=self.targets,
            repeat_interactions=self.repeat_interactions,
            split=self.split,
            history=self.history,
        )


def from_dict(cls: type[T], values: dict[str, Any]) -> T:
    """Validates plain values into a settings dataclass.

    Raises:
      pydantic.ValidationError: A key is unknown or missing, or a value out of range.
    """
    return _adapter(cls).validate_python(values)


def to_json(settings: Any) -> str:
    """Canonical JSON of a settings dataclass."""
    plain = _adapter(type(settings)).dump_python(settings, mode="json")
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def from_json(cls: type[T], text: str) -> T:
    """The settings dataclass that `to_json` wrote."""
    return _adapter(cls).validate_json(text)


def _adapter(cls: type[Any]) -> TypeAdapter[Any]:
    """Returns the validator of a settings class, which takes tens of milliseconds to build."""
    if cls not in _ADAPTERS:
        _ADAPTERS[cls] = TypeAdapter(cls)
    return _ADAPTERS[cls]
