"""Settings of personal data: records that are erased, and what is written of rejected records."""

from dataclasses import dataclass
from typing import Annotated

from schemas.setting_doc import Doc
from schemas.source_settings import FORBID_UNKNOWN_KEYS, PositiveInt, TextOrDigits

Id = TextOrDigits


@dataclass(frozen=True, kw_only=True)
class RejectsSettings:
    """How much of a rejected record its entry in `rejects/` shows."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    raw: Annotated[
        bool,
        Doc(
            "Whether the entry holds the record and the detail, which quotes values. Without them "
            "the reason and the place in the file remain.",
            example=False,
        ),
    ] = True
    max_raw_characters: Annotated[
        PositiveInt,
        Doc("A longer record is cut to this length.", unit="characters", example=200),
    ] = 1_000


@dataclass(frozen=True, kw_only=True)
class EraseSettings:
    """Users and items whose records are all dropped at ingestion.

    The records are counted as `erased` and appear nowhere else. Ids in the configuration are also
    parameters of the two ingesting components, which ML Metadata, the log of the run and a
    compiled pipeline keep; ids in a file are not.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    user_ids: Annotated[tuple[Id, ...], Doc("Ids of users.", example=["u17"])] = ()
    item_ids: Annotated[tuple[Id, ...], Doc("Ids of items.", example=["sku-9"])] = ()
    user_ids_path: Annotated[
        str | None,
        Doc("Text file with one user id per line.", example="erase/users.txt", default="none"),
    ] = None
    item_ids_path: Annotated[
        str | None,
        Doc("Text file with one item id per line.", example="erase/items.txt", default="none"),
    ] = None

    def __bool__(self) -> bool:
        return bool(self.user_ids or self.item_ids or self.user_ids_path or self.item_ids_path)
