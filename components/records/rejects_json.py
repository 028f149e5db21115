"""The JSON lines format of rejected records."""

from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from components.records.arrow_rows import read_stream
from components.records.erase import WITHHELD_DETAIL, ErasedIds
from components.records.reject_table import (
    DETAIL,
    FILE,
    IS_PARSED,
    LINE,
    NUM_CHARACTERS,
    RAW,
    REASON,
    reject_table,
)
from schemas.events import Reject
from schemas.privacy_settings import RejectsSettings

REJECTS_SUFFIX = ".jsonl.gz"
REJECTS_FILE = f"rejects{REJECTS_SUFFIX}"


def to_dict(reject: Reject, shown: RejectsSettings, erased: ErasedIds) -> dict[str, Any]:
    """Returns the JSON values of a reject.

    Long records are truncated, with a note of their length. The key `is_parsed` exists only if
    `raw` holds the parsed fields instead of the original record. Content that mentions an erased
    id is withheld, even in the record of another user.

    Args:
      reject: The reject.
      shown: The settings that limit which content is shown.
      erased: The ids that must not be shown.
    """
    (entry,) = _entries(reject_table([reject]), shown, erased)
    return entry


def to_json_lines(stream: bytes, shown: RejectsSettings, erased: ErasedIds) -> bytes:
    """Returns the lines of `rejects.jsonl.gz` for rejects, one `to_dict` per line.

    Args:
      stream: Rejects (`reject_table.serialize_rejects`).
      shown: The settings that limit which content is shown.
      erased: The ids that must not be shown.
    """
    return b"".join(
        orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
        for entry in _entries(read_stream(stream), shown, erased)
    )


def _entries(
    rejects: pa.Table, shown: RejectsSettings, erased: ErasedIds
) -> Iterator[dict[str, Any]]:
    fields = (FILE, LINE, REASON, DETAIL, RAW, NUM_CHARACTERS, IS_PARSED)
    columns = [rejects.column(name).to_numpy().tolist() for name in fields]
    for file, line, reason, detail, raw, num_characters, is_parsed in zip(*columns, strict=True):
        if not shown.raw:
            yield {FILE: file, LINE: line, REASON: reason, DETAIL: "", RAW: ""}
            continue
        text = raw
        if num_characters > shown.max_raw_characters:
            text = f"{raw[: shown.max_raw_characters]}… [cut: {num_characters} characters]"
        if erased and erased.occurs_in(f"{detail} {text}"):
            yield {FILE: file, LINE: line, REASON: reason, DETAIL: WITHHELD_DETAIL, RAW: ""}
            continue
        entry = {FILE: file, LINE: line, REASON: reason, DETAIL: detail, RAW: text}
        yield {**entry, IS_PARSED: True} if is_parsed else entry
