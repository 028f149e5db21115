"""Rejected records as Arrow tables: what travels between the Beam steps."""

from collections.abc import Sequence

import pyarrow as pa

from components.records.arrow_rows import to_bytes
from schemas.events import Reject

FILE = "file"
LINE = "line"
REASON = "reason"
DETAIL = "detail"
RAW = "raw"
NUM_CHARACTERS = "num_characters"
IS_PARSED = "is_parsed"

# The fields of `Reject`, and how many characters `raw` had before it was cut.
REJECTS_SCHEMA = pa.schema(
    [
        (FILE, pa.string()),
        (LINE, pa.int64()),
        (REASON, pa.string()),
        (DETAIL, pa.large_string()),
        (RAW, pa.large_string()),
        (NUM_CHARACTERS, pa.int64()),
        (IS_PARSED, pa.bool_()),
    ]
)


# Rejections repeat themselves, and a runner may hold all of them at once.
_COMPRESSION = "lz4"


def reject_table(rejects: Sequence[Reject]) -> pa.Table:
    """Rejections as a table of REJECTS_SCHEMA."""
    columns = [
        texts([reject.file for reject in rejects]),
        [reject.line for reject in rejects],
        [reject.reason.value for reject in rejects],
        texts([reject.detail for reject in rejects]),
        texts([reject.raw for reject in rejects]),
        [len(reject.raw) for reject in rejects],
        [reject.is_parsed for reject in rejects],
    ]
    return pa.table(columns, REJECTS_SCHEMA)


def pack(rejects: Sequence[Reject]) -> bytes:
    """Rejections as an Arrow IPC stream of REJECTS_SCHEMA."""
    return compressed(reject_table(rejects))


def compressed(table: pa.Table) -> bytes:
    """Rejections, or parts of them, as a compressed Arrow IPC stream."""
    return to_bytes(table, _COMPRESSION)


def texts(values: Sequence[str]) -> list[bytes]:
    """Texts in UTF-8; lone surrogates, which it cannot hold, as escapes."""
    return [value.encode("utf-8", "backslashreplace") for value in values]
