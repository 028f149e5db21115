"""Ids that are probably written for an unknown user or item, such as NA, and their warning.

As text, these words are not read as missing values, because they can be ids. If all unknown users
have one of them, they are one user.
"""

from collections import Counter
from typing import Any

import numpy as np

from components.example_gen.partitioned_reader import INTERACTIONS
from components.example_gen.sorted_events import SortedEvents
from schemas.features import ITEM_ID, USER_ID
from schemas.settings import DataSettings

_PLACEHOLDERS = frozenset(
    {"na", "n/a", "#n/a", "none", "undefined", "unknown", "anonymous", "guest", "-", "-1"}
)
# A smaller share can be a user who happens to have this id.
_REPORTED_SHARE = 0.01


def count_placeholders(events: SortedEvents) -> Counter[tuple[str, str]]:
    """Counts events by field and id, for ids that are placeholders in any case of letters.

    Args:
      events: Valid events.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for field in (USER_ID, ITEM_ID):
        codes, numbers = np.unique(events.codes(field), return_counts=True)
        ids = events.texts(field)
        for code, number in zip(codes.tolist(), numbers.tolist(), strict=True):
            text = ids[code].as_py()
            if text.lower() in _PLACEHOLDERS:
                counts[field, text] = number
    return counts


def placeholder_warnings(summary: dict[str, Any], data: DataSettings) -> list[str]:
    """Returns a text for each placeholder with at least 1 % of the records of the log.

    There is none if the configuration states which values are missing.

    Args:
      summary: The summary of the ingestion.
      data: The settings of the log.
    """
    if data.interactions.null_values is not None:
        return []
    read = summary["read"].get(INTERACTIONS, 0)
    return [
        f"interactions.fields.{field}: {count:,} of {read:,} records have the id {text!r}, which "
        "is often written for a missing value. Here all of them are one "
        f"{field.removesuffix('_id')}. If they have no id, list the words for missing values, "
        f"interactions.null_values: [{text!r}, 'NULL'], which rejects these records; otherwise set "
        "interactions.null_values: ['NULL']"
        for field, text, count in summary["placeholder_ids"]
        if count >= _REPORTED_SHARE * read
    ]
