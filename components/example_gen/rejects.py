"""Refused records as JSON lines."""

import json
from collections.abc import Iterable

from schemas.events import Reject

MAX_RAW_CHARACTERS = 1_000
REJECTS_PREFIX = "rejects"
REJECTS_SUFFIX = ".jsonl.gz"
REJECTS_FILE = REJECTS_PREFIX + REJECTS_SUFFIX


def to_dict(reject: Reject) -> dict[str, str | int]:
    """JSON values of a refusal; a long raw record is cut, and says so."""
    raw = reject.raw
    if len(raw) > MAX_RAW_CHARACTERS:
        raw = f"{raw[:MAX_RAW_CHARACTERS]}… [cut: {len(raw)} characters]"
    return {
        "file": reject.file,
        "line": reject.line,
        "reason": reject.reason.value,
        "detail": reject.detail,
        "raw": raw,
    }


def to_json_lines(rejects: Iterable[Reject]) -> bytes:
    """Refusals as they stand in `rejects.jsonl.gz`."""
    lines = (json.dumps(to_dict(reject), ensure_ascii=False) + "\n" for reject in rejects)
    return "".join(lines).encode("utf-8", "backslashreplace")
