"""The whole configuration as one frozen dataclass, and its canonical JSON.

Components take their sections of it as canonical JSON (sorted keys, no spaces): equal settings
are equal strings, so the string itself can key a cache.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, TypeAdapter

from schemas.data_settings import (
    EraseSettings,
    HistorySettings,
    InteractionsSettings,
    ItemsSettings,
    RejectsSettings,
    SplitSettings,
    TargetsSettings,
    UsersSettings,
)
from schemas.model_settings import (
    BeamSettings,
    EvaluationSettings,
    IndexSettings,
    ModelSettings,
    PushSettings,
    TrainSettings,
)
from schemas.source_settings import FORBID_UNKNOWN_KEYS

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Everything that decides which examples exist: the key of the ingestion's cache."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    interactions: InteractionsSettings
    items: ItemsSettings | None = None
    users: UsersSettings | None = None
    erase: EraseSettings = field(default_factory=EraseSettings)
    rejects: RejectsSettings = field(default_factory=RejectsSettings)
    targets: TargetsSettings = field(default_factory=TargetsSettings)
    repeat_interactions: Literal["exclude", "allow"] = "exclude"
    split: SplitSettings = field(default_factory=SplitSettings)
    history: HistorySettings = field(default_factory=HistorySettings)

    @property
    def without_erased_ids(self) -> "DataSettings":
        """The same settings without the ids to erase, for every step that reads no raw records.

        ML Metadata keeps the parameters of a step, so ids to erase may only reach the steps that
        need them.
        """
        return replace(self, erase=EraseSettings())

    @property
    def takes_logged_items(self) -> bool:
        """Whether an item that only the log knows is a candidate."""
        return self.items is None or self.items.unknown == "accept"

    @property
    def rejects_never_logged(self) -> bool:
        """Whether an item without a readable event is no candidate."""
        return self.items is not None and self.items.never_logged == "strict"

    @property
    def catalogue_reads_log(self) -> bool:
        """Whether the set of candidates depends on which items are logged."""
        return self.takes_logged_items or self.rejects_never_logged


@dataclass(frozen=True, kw_only=True)
class Settings(DataSettings):
    """One configuration file, validated."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
    output: Annotated[str, Field(min_length=1)]
    schema: str | None = None
    model: ModelSettings = field(default_factory=ModelSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    index: IndexSettings = field(default_factory=IndexSettings)
    push: PushSettings = field(default_factory=PushSettings)
    beam: BeamSettings = field(default_factory=BeamSettings)

    @property
    def data(self) -> DataSettings:
        """The part of the settings that decides which examples exist."""
        return DataSettings(
            interactions=self.interactions,
            items=self.items,
            users=self.users,
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
    return TypeAdapter(cls).validate_python(values)


def to_json(settings: Any) -> str:
    """Canonical JSON of a settings dataclass."""
    plain = TypeAdapter(type(settings)).dump_python(settings, mode="json")
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def from_json(cls: type[T], text: str) -> T:
    """The settings dataclass that `to_json` wrote."""
    return TypeAdapter(cls).validate_json(text)
