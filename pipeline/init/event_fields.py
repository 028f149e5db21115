"""Which column of a log is which field of an event."""

from collections.abc import Mapping

from pipeline.init.certainty import Certainty, Choice
from pipeline.init.column import Column
from pipeline.init.id_columns import KnownIds, choose_ids
from pipeline.init.roles import (
    TimeChoice,
    choose_event_id,
    choose_event_type,
    choose_time,
    choose_value,
)
from pipeline.init.sample import Sample
from pipeline.init.usable import missing_ids, missing_time
from pipeline.init.words import Role
from schemas.data_settings import ROW_ORDER
from schemas.errors import InputError


def check_columns(sample: Sample, wanted: Mapping[Role, str]) -> None:
    """Checks that a log has the columns that the user names.

    Raises:
      InputError: It has no such column.
    """
    for name in wanted.values():
        if name != ROW_ORDER and name not in sample.columns:
            raise InputError(
                f"--column: {sample.layout.files[0]} has no column {name!r}; it has "
                f"{', '.join(sample.columns)}"
            )


def choose_event_time(sample: Sample, wanted: str | None) -> TimeChoice | None:
    """Returns the column of the times; None if the order of the rows replaces it.

    Args:
      sample: The first records.
      wanted: The column that the user names, if any.

    Raises:
      InputError: No column has times that can be read.
    """
    if wanted == ROW_ORDER:
        return None
    time = choose_time(sample.columns, wanted)
    if time is None or time.reading.conversion:
        raise InputError(missing_time(sample, time))
    return time


def choose_fields(
    sample: Sample,
    time: TimeChoice | None,
    known: Mapping[Role, KnownIds],
    wanted: Mapping[Role, str],
) -> dict[Role, Choice]:
    """Returns the column of each field.

    Args:
      sample: The first records.
      time: The columns of the time; None for the order of rows.
      known: The ids of the users file (USER) and of the catalogue (ITEM).
      wanted: The columns that the user names, by role.

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
