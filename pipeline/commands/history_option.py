"""The history of `twotower recommend`, given by the options --history and --item."""

import csv
from collections.abc import Sequence

from schemas.errors import InputError

_REMEDY = "quote an id with a comma, as in --history 'a,\"b,c\"', or give each id by --item"


def read_history(line: str, items: Sequence[str]) -> list[str]:
    """Returns the item ids of a history, oldest first.

    >>> read_history('sku1, "red, large",5" pipe', [])
    ['sku1', 'red, large', '5" pipe']
    >>> read_history("", ["red, large", '"quoted"'])
    ['red, large', '"quoted"']

    Args:
      line: Item ids as one line of CSV; white space around an id, and empty ids, are left out.
      items: Item ids as they are.

    Raises:
      InputError: Both are given, or the line is not CSV.
    """
    if not line.strip():
        return [item for item in items if item]
    if items:
        raise InputError(
            "--history and --item are both given, so the order of the history is not known; give "
            "all ids by one of them"
        )
    try:
        rows = list(csv.reader([line.strip()], skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise InputError(
            f"--history {line!r}: is not a line of CSV ({error}); {_REMEDY}"
        ) from error
    return [item.strip() for row in rows for item in row if item.strip()]
