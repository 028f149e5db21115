"""What is proposed for the log: the fields of an event, its context, and the split."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import time as now_s

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.split import quantile_boundaries
from components.example_gen.split_shares import check_split_shares, describe_ties, split_shares
from pipeline.init.certainty import Certainty, Choice
from pipeline.init.column import Column
from pipeline.init.feature_proposal import FeatureProposal, LeftOut, split_proposals
from pipeline.init.features import propose_feature
from pipeline.init.id_columns import KnownIds, choose_ids
from pipeline.init.roles import (
    TimeChoice,
    choose_event_id,
    choose_event_type,
    choose_time,
    choose_value,
)
from pipeline.init.sample import Sample
from pipeline.init.time_reading import TimeReading
from pipeline.init.usable import check_events, check_times, missing_ids, missing_time
from pipeline.init.words import Role, name_score
from schemas.data_settings import ROW_ORDER
from schemas.errors import InputError
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.source_settings import FeatureKind
from schemas.target_settings import SplitSettings

# From this share of repeated pairs of user and item on, repeats are part of the log's purpose.
_REPEATS = 0.3
# Without an id of its own, an event is the same as another one if all of these are equal.
_EVENT = (Role.USER, Role.ITEM, Role.TIME, Role.EVENT_TYPE)
_CONTEXT_NAME = 0.9
_MAX_CONTEXT_VALUES = 200
# From this mean number of events of a user or an item on, it is no chance if they have one time.
_MIN_EVENTS_OF_OWNER = 2
# Between the two ids of a pair: ids contain no line break.
_SEPARATOR = "\n"


@dataclass(frozen=True)
class LogProposal:
    """The proposed configuration of the log.

    Attributes:
      sample: The first records.
      fields: The column of each field of an event, by role.
      time: The columns of the time; None if the order of the rows replaces it.
      context: The proposed features of the context.
      left_out: The other columns, and why they are not used.
      repeats: The share of the events whose user has an earlier event with the item.
      duplicates: The share of the events that repeat another one.
      ties: Why a temporal split is not possible; "" if it is.
      times_us: [num_records] times, microseconds since the epoch, UTC, NaN if invalid; None for the
        order of rows.
    """

    sample: Sample
    fields: Mapping[Role, Choice]
    time: TimeChoice | None
    context: tuple[FeatureProposal, ...]
    left_out: tuple[LeftOut, ...]
    repeats: float
    duplicates: float
    ties: str
    times_us: npt.NDArray[np.float64] | None

    @property
    def reading(self) -> TimeReading:
        """How times are read."""
        return self.time.reading if self.time else TimeReading()

    def column(self, role: Role) -> Column:
        """Returns the column of a field."""
        return self.sample.columns[self.fields[role].column]

    @property
    def untimed(self) -> float:
        """The share of the records without a valid time."""
        return 0.0 if self.times_us is None else float(np.isnan(self.times_us).mean())

    @property
    def future(self) -> float:
        """The share of the records with a time later than now, which `reject.future` rejects."""
        if self.times_us is None:
            return 0.0
        return float((self.times_us > now_s() * MICROSECONDS_PER_SECOND).mean())

    @property
    def time_owner(self) -> Role | None:
        """Whose property the time may be: USER or ITEM if all events of each have one time."""
        if self.times_us is None:
            return None
        for role in (Role.ITEM, Role.USER):
            column = self.column(role)
            has_both = column.is_present & np.isfinite(self.times_us)
            ids = column.texts.filter(pa.array(has_both))
            num_ids = len(pc.unique(ids))
            times = pa.array(self.times_us[has_both].astype(np.int64)).cast(pa.string())
            num_pairs = len(pc.unique(pc.binary_join_element_wise(ids, times, _SEPARATOR)))
            if num_pairs == num_ids and len(ids) >= _MIN_EVENTS_OF_OWNER * num_ids:
                return role
        return None

    @property
    def allows_repeats(self) -> bool:
        """Whether users return to items so often that repeats are proposed."""
        return self.repeats >= _REPEATS


def propose_log(
    sample: Sample, known: Mapping[Role, KnownIds], wanted: Mapping[Role, str]
) -> LogProposal:
    """Returns the proposed configuration of a log.

    Args:
      sample: Its first records.
      known: The ids of the users file (USER) and of the catalogue (ITEM).
      wanted: The columns that the user names, by role.

    Raises:
      InputError: The log cannot be used; the message says why and what to do.
    """
    for name in wanted.values():
        if name != ROW_ORDER and name not in sample.columns:
            raise InputError(
                f"--column: {sample.layout.files[0]} has no column {name!r}; it has "
                f"{', '.join(sample.columns)}"
            )
    time = _choose_time(sample, wanted.get(Role.TIME))
    fields = _choose_fields(sample, time, known, wanted)
    used = {choice.column for choice in fields.values()} | set(time.columns if time else ())
    user, item = (sample.columns[fields[role].column] for role in (Role.USER, Role.ITEM))
    times_us = _times_us(sample, time)
    check_times(sample, time, times_us)
    check_events(sample, user, item, times_us)
    context, left_out = _context([c for name, c in sample.columns.items() if name not in used])
    return LogProposal(
        sample,
        fields,
        time,
        context,
        left_out,
        _repeats(user, item),
        _duplicates(sample, fields, time),
        _ties(sample, times_us),
        times_us,
    )


def _choose_time(sample: Sample, wanted: str | None) -> TimeChoice | None:
    """Returns the column of the times; None if the order of the rows replaces it.

    Raises:
      InputError: No column has times that can be read.
    """
    if wanted == ROW_ORDER:
        return None
    time = choose_time(sample.columns, wanted)
    if time is None or time.reading.conversion:
        raise InputError(missing_time(sample, time))
    return time


def _choose_fields(
    sample: Sample,
    time: TimeChoice | None,
    known: Mapping[Role, KnownIds],
    wanted: Mapping[Role, str],
) -> dict[Role, Choice]:
    """Returns the column of each field.

    Raises:
      InputError: There is no column of users or of items.
    """
    fields: dict[Role, Choice] = {Role.TIME: time.choice} if time else {}
    taken = {*(time.columns if time else ()), *wanted.values()}

    def take(role: Role, found: Choice | None) -> None:
        if role in wanted:
            found = Choice(wanted[role], Certainty.CERTAIN, "given by --column")
        if found is not None:
            fields[role] = found
            taken.add(found.column)

    def others() -> list[Column]:
        return [column for name, column in sample.columns.items() if name not in taken]

    take(Role.EVENT_TYPE, choose_event_type(others()))
    take(Role.EVENT_ID, choose_event_id(others()))
    wanted_ids: dict[Role, str] = {
        role: name for role, name in wanted.items() if role in (Role.USER, Role.ITEM)
    }
    wanted_columns = [sample.columns[name] for name in wanted_ids.values()]
    ids = choose_ids([*wanted_columns, *others()], known, wanted_ids)
    for role, choice in ((Role.USER, ids.user), (Role.ITEM, ids.item)):
        if choice is None:
            raise InputError(missing_ids(role, sample, [c.column for c in fields.values()]))
        fields[role] = choice
        taken.add(choice.column)
    take(Role.VALUE, choose_value(others(), sample.layout.has_header))
    return fields


def _times_us(sample: Sample, time: TimeChoice | None) -> npt.NDArray[np.float64] | None:
    """Returns [num_records] times of the events, NaN if invalid; None for the order of rows."""
    if time is None:
        return None
    column = sample.columns[time.columns[0]]
    for name in time.columns[1:]:
        column = column.joined(sample.columns[name])
    return column.times_us(time.reading)


def _context(columns: list[Column]) -> tuple[tuple[FeatureProposal, ...], tuple[LeftOut, ...]]:
    """Returns the columns that are known when a request arrives, by their names, and the others.

    Other columns, such as a price or a position, may be known only after the event.
    """
    found: list[FeatureProposal | LeftOut] = []
    for column in columns:
        proposal = propose_feature(column, is_item=False)
        is_context = name_score(column.name, Role.CONTEXT) >= _CONTEXT_NAME
        if isinstance(proposal, FeatureProposal) and not (
            is_context
            and proposal.kind is FeatureKind.CATEGORY
            and column.num_distinct <= _MAX_CONTEXT_VALUES
        ):
            proposal = LeftOut(
                column.name,
                f"{proposal.kind.value}, {proposal.reason}; context, if it is known at a request",
            )
        found.append(proposal)
    return split_proposals(found)


def _repeats(user: Column, item: Column) -> float:
    pairs = pc.binary_join_element_wise(user.texts, item.texts, _SEPARATOR)
    has_both = pa.array(user.is_present & item.is_present)
    pairs = pairs.filter(has_both)
    return 1.0 - len(pc.unique(pairs)) / max(len(pairs), 1)


def _duplicates(sample: Sample, fields: Mapping[Role, Choice], time: TimeChoice | None) -> float:
    """Returns the share of the events that `reject.duplicates` rejects."""
    roles = (Role.USER, Role.EVENT_ID) if Role.EVENT_ID in fields else _EVENT
    names = [fields[role].column for role in roles if role in fields]
    names += time.columns[1:] if time else ()
    if time is None and Role.EVENT_ID not in fields:
        return 0.0
    texts = [sample.columns[name].texts for name in names]
    return 1.0 - len(pc.unique(pc.binary_join_element_wise(*texts, _SEPARATOR))) / len(texts[0])


def _ties(sample: Sample, times_us: npt.NDArray[np.float64] | None) -> str:
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
