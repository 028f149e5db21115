"""What is proposed for the log: the fields of an event, its context, and the split."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import time as now_s

import numpy as np
import numpy.typing as npt

from pipeline.init.certainty import Choice
from pipeline.init.column import Column
from pipeline.init.event_facts import duplicate_share, repeated_share, ties, time_owner
from pipeline.init.event_fields import check_columns, choose_event_time, choose_fields
from pipeline.init.feature_proposal import FeatureProposal, LeftOut, split_proposals
from pipeline.init.features import propose_feature
from pipeline.init.id_columns import KnownIds
from pipeline.init.roles import TimeChoice
from pipeline.init.sample import Sample
from pipeline.init.time_reading import TimeReading
from pipeline.init.usable import check_events, check_times
from pipeline.init.words import Role, name_score
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.source_settings import FeatureKind

# From this share of repeated pairs of user and item on, repeats are part of the log's purpose.
_REPEATS = 0.3
_CONTEXT_NAME = 0.9
_MAX_CONTEXT_VALUES = 200


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
        return time_owner(self.column(Role.USER), self.column(Role.ITEM), self.times_us)

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
    check_columns(sample, wanted)
    time = choose_event_time(sample, wanted.get(Role.TIME))
    fields = choose_fields(sample, time, known, wanted)
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
        repeated_share(user, item),
        duplicate_share(sample, fields, time),
        ties(sample, times_us),
        times_us,
    )


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
