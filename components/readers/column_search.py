"""Columns of formats without a header: looked for in the first records of a file."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from components.readers.open_input import DamagedFileError
from components.readers.records import has_column

MAX_RECORDS = 10_000
_MAX_BYTES = 16 << 20


class FoundColumns(NamedTuple):
    """The columns of a file.

    Attributes:
      names: Those it has.
      lacking: Those that are wanted and not there.
      num_searched: How many records were looked at; None where a header or a schema names them.
    """

    names: list[str]
    lacking: list[str]
    num_searched: int | None = None


class Sample(NamedTuple):
    """One or more records: their number, their size, and a value of each field any of them has."""

    num_records: int
    num_bytes: int
    fields: dict[str, Any]


def search_columns(
    samples: Iterable[Sample], wanted: tuple[str, ...], skip_damage: bool
) -> FoundColumns:
    """Looks at records until none of the wanted columns lacks, at 10,000 or 16 MiB at most.

    Without one readable record nothing is said to lack: records are then rejected one by one.

    Args:
      samples: The records in file order; of those that cannot be read only the size.
      wanted: Names, or dotted paths into nested values.
      skip_damage: Whether the search ends at a damaged place, in place of an error.

    Raises:
      DamagedFileError: The file is damaged before the search ends.
    """
    names: dict[str, None] = {}
    lacking = dict.fromkeys(wanted)
    num_records = num_bytes = 0
    try:
        for sample in samples:
            num_records += sample.num_records
            num_bytes += sample.num_bytes
            names.update(dict.fromkeys(sample.fields))
            for name in [name for name in lacking if has_column(sample.fields, name)]:
                del lacking[name]
            if not lacking or num_records >= MAX_RECORDS or num_bytes >= _MAX_BYTES:
                break
    except DamagedFileError:
        if not skip_damage:
            raise
    return FoundColumns(list(names), list(lacking) if names else [], num_records)
