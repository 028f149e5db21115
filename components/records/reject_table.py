"""Rejects as Arrow tables, the form in which Beam steps pass them on."""

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

# The fields of `Reject`, and the length of `raw` before it was truncated.
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


# Rejects are repetitive, and a runner may hold all of them in memory.
_COMPRESSION = "lz4"


def reject_table(rejects: Sequence[Reject]) -> pa.Table:
    """Returns rejects as a table of REJECTS_SCHEMA."""
    columns = [
        encode_texts([reject.file for reject in rejects]),
        [reject.line for reject in rejects],
        [reject.reason.value for reject in rejects],
        encode_texts([reject.detail for reject in rejects]),
        encode_texts([reject.raw for reject in rejects]),
        [len(reject.raw) for reject in rejects],
        [reject.is_parsed for reject in rejects],
    ]
    return pa.table(columns, REJECTS_SCHEMA)


def serialize_rejects(rejects: Sequence[Reject]) -> bytes:
    """Returns rejects as a compressed Arrow IPC stream of REJECTS_SCHEMA."""
    return to_compressed_bytes(reject_table(rejects))


def to_compressed_bytes(table: pa.Table) -> bytes:
    """Returns a table of rejects, or of some of their columns, as a compressed Arrow IPC stream."""
    return to_bytes(table, _COMPRESSION)


def encode_texts(values: Sequence[str]) -> list[bytes]:
    """Encodes texts as UTF-8; lone surrogates, invalid in UTF-8, become backslash escapes."""
    return [value.encode("utf-8", "backslashreplace") for value in values]
