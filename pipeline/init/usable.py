"""Why a log cannot be used: the messages of `twotower init`."""

from collections.abc import Collection
from time import time as now_s

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from pipeline.init.column import Column
from pipeline.init.roles import TimeChoice
from pipeline.init.sample import Sample
from pipeline.init.words import Role
from schemas.errors import InputError
from schemas.events import MICROSECONDS_PER_SECOND

_MIN_RECORDS = 10
# Train, eval and test need a time each.
_MIN_TIMES = 3
_NOUNS = {Role.USER: "users", Role.ITEM: "items"}
_MAX_SHOWN = 20


def missing_time(sample: Sample, found: TimeChoice | None) -> str:
    """Returns the message for a log without a column of times that can be read.

    Args:
      sample: The first records.
      found: A column of times that no setting reads, if there is one.
    """
    place = f"{sample.layout.files[0]}: no column of times"
    if found is not None and found.reading.conversion:
        return (
            f"{sample.layout.files[0]}: column {found.choice.column!r} is "
            f"{found.reading.conversion}, which no setting reads: write it as ISO 8601 "
            "(2024-05-01T12:30:00Z)"
        )
    return (
        f"{place} in {sample.extent} ({_shown(sample)}). Times order the history of a user and "
        "separate train, eval and test. If a column counts the events of a user, give "
        "--column timestamp=COLUMN; if the rows of each user are in order, give --column "
        "timestamp=row_order"
    )


def missing_ids(role: Role, sample: Sample, used: Collection[str]) -> str:
    """Returns the message for a log without a column of users or of items.

    Args:
      role: USER or ITEM.
      sample: The first records.
      used: The columns that have other roles.
    """
    others = f"; {', '.join(used)} have other roles" if used else ""
    return (
        f"{sample.layout.files[0]}: no column of {_NOUNS[role]} in {sample.extent} "
        f"({_shown(sample)}{others}). Each event needs the id of a user and of an item. If there "
        f"is such a column, give --column {role.value}=COLUMN"
    )


def _shown(sample: Sample) -> str:
    names = list(sample.columns)
    more = f" and {len(names) - _MAX_SHOWN} others" if len(names) > _MAX_SHOWN else ""
    repeated = f"; several are called {' or '.join(sample.repeated)}" if sample.repeated else ""
    return f"it has {', '.join(names[:_MAX_SHOWN])}{more}{repeated}"


def check_events(
    sample: Sample, user: Column, item: Column, times_us: npt.NDArray[np.float64] | None
) -> None:
    """Checks that a model can learn from the events of a log.

    Args:
      sample: The first records.
      user: The column of the user.
      item: The column of the item.
      times_us: [num_records] times of the events, NaN if invalid; None for the order of rows.

    Raises:
      InputError: There are too few events or items, each user has one event, or there are too few
        times.
    """
    place = f"{sample.layout.files[0]}: {sample.extent}"
    if sample.is_complete and sample.num_records < _MIN_RECORDS:
        raise InputError(f"{place} are too few to learn from; give more of the log")
    if user.uniqueness == 1.0:
        raise InputError(
            f"{place} have {user.num_distinct:,} different users in column {user.name!r}, one "
            "event each, so that no user has a history to learn from. If another column states "
            "who the user is, give --column user_id=COLUMN"
        )
    if item.num_distinct < 2:
        raise InputError(
            f"{place} have a single item in column {item.name!r}, so that there is nothing to "
            "choose from. If another column states the item, give --column item_id=COLUMN"
        )
    if times_us is None or not sample.is_complete:
        return
    num_times = len(np.unique(times_us[np.isfinite(times_us)]))
    if num_times < _MIN_TIMES:
        raise InputError(
            f"{place} have {num_times} different times, but train, eval and test need one each: "
            "give more of the log, or a column with more precise times (--column "
            "timestamp=COLUMN)"
        )


def check_times(
    sample: Sample, time: TimeChoice | None, times_us: npt.NDArray[np.float64] | None
) -> None:
    """Checks that a record has a time that the ingestion accepts: from 1970 until now.

    Args:
      sample: The first records.
      time: The columns of the time; None for the order of rows.
      times_us: [num_records] times of the events, NaN if invalid; None for the order of rows.

    Raises:
      InputError: No record has such a time.
    """
    if time is None or times_us is None:
        return
    if (times_us <= now_s() * MICROSECONDS_PER_SECOND).any():
        return
    example = sample.columns[time.columns[0]].distinct[0].as_py()
    raise InputError(
        f"{sample.layout.files[0]}: no value of column {time.choice.column!r}, such as "
        f"{example!r}, is a time between 1970 and now (read as "
        f"{time.reading.description}). Write the column as ISO 8601 (2024-05-01T12:30:00Z), or "
        "give another one (--column timestamp=COLUMN)"
    )


def num_events_per_user(user: Column) -> float:
    """Returns the mean number of events of a user."""
    return user.num_present / max(user.num_distinct, 1)


def is_short(user: Column) -> bool:
    """Returns whether most users have a single event."""
    counts = pc.value_counts(user.present).field(1).to_numpy(zero_copy_only=False)
    return bool(np.mean(counts == 1) > 0.5)
