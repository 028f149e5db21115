"""Finds the columns of formats without a header in the first records of a file."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from components.readers.explode import (
    element_names,
    explain_list,
    has_element_column,
    parent_list,
)
from components.readers.open_input import DamagedFileError

MAX_RECORDS = 10_000
_MAX_BYTES = 16 << 20


class FoundColumns(NamedTuple):
    """The columns of a file.

    Attributes:
      names: The columns that the file has.
      missing: The wanted columns that it does not have.
      num_searched: The number of records searched; None where a header or a schema names the
        columns.
      hint: Why columns are missing, and what to do; "" where it is not known.
    """

    names: list[str]
    missing: list[str]
    num_searched: int | None = None
    hint: str = ""


class Sample(NamedTuple):
    """One or more consecutive records.

    Attributes:
      num_records: How many of them are readable.
      num_bytes: Their size, unreadable ones included.
      fields: One value of each field that any of them has.
    """

    num_records: int
    num_bytes: int
    fields: dict[str, Any]


def search_columns(
    samples: Iterable[Sample],
    wanted: tuple[str, ...],
    skip_damage: bool,
    exploded: tuple[str, ...] = (),
) -> FoundColumns:
    """Searches records until all wanted columns are found, at most 10,000 records or 16 MiB.

    In a file without a readable record no column counts as missing: its records are rejected one
    by one when it is read.

    Args:
      samples: The records in file order.
      wanted: Names, or dotted paths into nested values.
      skip_damage: Whether the search ends at damage instead of raising an error.
      exploded: The columns of lists whose elements become records.

    Raises:
      DamagedFileError: The file is damaged before the search ends.
    """
    names: dict[str, None] = {}
    missing = dict.fromkeys(wanted)
    num_records = num_bytes = 0
    hint = ""
    try:
        for sample in samples:
            num_records += sample.num_records
            num_bytes += sample.num_bytes
            names.update(dict.fromkeys([*sample.fields, *element_names(sample.fields, exploded)]))
            for name in list(missing):
                if has_element_column(sample.fields, name, exploded):
                    del missing[name]
                elif not hint and (parent := parent_list(sample.fields, name)):
                    hint = "" if parent in exploded else explain_list(parent)
            if not missing or num_records >= MAX_RECORDS or num_bytes >= _MAX_BYTES:
                break
    except DamagedFileError:
        if not skip_damage:
            raise
    if not names:
        return FoundColumns([], [], num_records)
    return FoundColumns(list(names), list(missing), num_records, hint if missing else "")
