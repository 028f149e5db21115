"""What the first events of a log show: repeats, duplicates, and whether times can split them."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.split import quantile_boundaries
from components.example_gen.split_shares import check_split_shares, describe_ties, split_shares
from pipeline.init.certainty import Choice
from pipeline.init.column import Column
from pipeline.init.roles import TimeChoice
from pipeline.init.sample import Sample
from pipeline.init.words import Role
from schemas.errors import InputError
from schemas.target_settings import SplitSettings

# Without an id of its own, an event is the same as another one if all of these are equal.
_EVENT = (Role.USER, Role.ITEM, Role.TIME, Role.EVENT_TYPE)
# From this mean number of events of a user or an item on, it is no chance if they have one time.
_MIN_EVENTS_OF_OWNER = 2
# Between the two ids of a pair: ids contain no line break.
_SEPARATOR = "\n"


def repeated_share(user: Column, item: Column) -> float:
    """Returns the share of the events whose user has an earlier event with the item."""
    pairs = pc.binary_join_element_wise(user.texts, item.texts, _SEPARATOR)
    has_both = pa.array(user.is_present & item.is_present)
    pairs = pairs.filter(has_both)
    return 1.0 - len(pc.unique(pairs)) / max(len(pairs), 1)


def duplicate_share(
    sample: Sample, fields: Mapping[Role, Choice], time: TimeChoice | None
) -> float:
    """Returns the share of the events that `reject.duplicates` rejects."""
    roles = (Role.USER, Role.EVENT_ID) if Role.EVENT_ID in fields else _EVENT
    names = [fields[role].column for role in roles if role in fields]
    names += time.columns[1:] if time else ()
    if time is None and Role.EVENT_ID not in fields:
        return 0.0
    texts = [sample.columns[name].texts for name in names]
    return 1.0 - len(pc.unique(pc.binary_join_element_wise(*texts, _SEPARATOR))) / len(texts[0])


def ties(sample: Sample, times_us: npt.NDArray[np.float64] | None) -> str:
    """Returns why a split by time is not possible; "" if it is, or if not all events are known."""
    if times_us is None:
        return "the log has no times"
    if not sample.is_complete:
        return ""
    known = times_us[np.isfinite(times_us)].astype(np.int64)
    split = SplitSettings()
    boundaries = quantile_boundaries(known, split.eval_fraction, split.test_fraction)
    shares = split_shares(known, boundaries, split)
    try:
        check_split_shares(sample.layout.files[0], shares)
    except InputError:
        return describe_ties(shares) if shares else ""
    return ""


def time_owner(user: Column, item: Column, times_us: npt.NDArray[np.float64]) -> Role | None:
    """Returns USER or ITEM if all events of each have one time, which may be its property.

    Args:
      user: The column of the user.
      item: The column of the item.
      times_us: [num_records] times of the events, NaN if invalid.
    """
    for role, column in ((Role.ITEM, item), (Role.USER, user)):
        has_both = column.is_present & np.isfinite(times_us)
        ids = column.texts.filter(pa.array(has_both))
        num_ids = len(pc.unique(ids))
        times = pa.array(times_us[has_both].astype(np.int64)).cast(pa.string())
        num_pairs = len(pc.unique(pc.binary_join_element_wise(ids, times, _SEPARATOR)))
        if num_pairs == num_ids and len(ids) >= _MIN_EVENTS_OF_OWNER * num_ids:
            return role
    return None
