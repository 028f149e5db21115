"""Reads and writes the file of items that may not be recommended, in a model's `assets`.

The file has one item id per line, UTF-8, after a header line. The header is needed because
TensorFlow does not load a table from a file without lines or with an empty line.
"""

from collections.abc import Iterable

from components import files
from schemas.errors import InputError

HEADER = "# items that may not be recommended, one id a line"
_EXPECTED = "expected a text file with one item id per line"


def write_unavailable(path: str, item_ids: Iterable[str]) -> None:
    """Writes the header and the distinct ids in sorted order."""
    lines = [HEADER, *sorted(set(item_ids))]
    files.write_text(path, "".join(f"{line}\n" for line in lines))


def read_unavailable(path: str) -> list[str]:
    """Reads the distinct ids, sorted, from a file of `write_unavailable` or of a text editor.

    Raises:
      InputError: The file cannot be read or is not UTF-8 text.
    """
    try:
        content = files.read_bytes(path)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; {_EXPECTED}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error}); {_EXPECTED}") from error
    try:
        # `splitlines` would also split at characters that are valid within an id.
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error}); {_EXPECTED}") from error
    return sorted({line.strip(" \t\r") for line in lines} - {"", HEADER})
