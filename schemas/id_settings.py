"""Settings of the ids: how the spellings of one id in different sources are made equal."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from schemas.setting_doc import Doc
from schemas.source_settings import FORBID_UNKNOWN_KEYS


class IdNormalisation(str, Enum):
    """A rule that makes spellings of an id equal. The rules are applied in the order given here."""

    TRIM = "trim"
    UNICODE = "unicode"
    CASE = "case"
    DECIMAL_ZERO = "decimal_zero"
    LEADING_ZEROS = "leading_zeros"


@dataclass(frozen=True, kw_only=True)
class IdsSettings:
    """How ids of users and items are compared, in all sources and in requests."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    normalise: Annotated[
        tuple[IdNormalisation, ...],
        Doc(
            "Rules that are applied to the ids of users and items in the log, the catalogue, the "
            "users file, the lists of ids to erase, the lists of unavailable items and the "
            "requests. `trim` removes invisible characters at both ends, `unicode` composes "
            "accents (NFC), `case` takes lower-case letters, `decimal_zero` makes 105.0 to 105, "
            "and `leading_zeros` makes 0105 to 105. They are applied in this order, whatever the "
            "order of the list.",
            example=["case", "decimal_zero"],
            default="ids are compared as they are, without white space at both ends",
        ),
    ] = ()

    def __bool__(self) -> bool:
        return bool(self.normalise)
