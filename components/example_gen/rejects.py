"""Refused records as JSON lines."""

import json
from collections.abc import Iterable

from schemas.data_settings import RejectsSettings
from schemas.events import Reject

REJECTS_SUFFIX = ".jsonl.gz"
REJECTS_FILE = f"rejects{REJECTS_SUFFIX}"


def to_dict(reject: Reject, shown: RejectsSettings) -> dict[str, str | int]:
    """JSON values of a refusal, as much of it as may be shown; a cut record says so."""
    raw, detail = reject.raw, reject.detail
    if not shown.raw:
        raw = detail = ""
    if len(raw) > shown.max_raw_characters:
        raw = f"{raw[: shown.max_raw_characters]}… [cut: {len(raw)} characters]"
    return {
        "file": reject.file,
        "line": reject.line,
        "reason": reject.reason.value,
        "detail": detail,
        "raw": raw,
    }


def to_json_lines(rejects: Iterable[Reject], shown: RejectsSettings) -> bytes:
    """Refusals as they stand in `rejects.jsonl.gz`."""
    lines = (json.dumps(to_dict(reject, shown), ensure_ascii=False) + "\n" for reject in rejects)
    return "".join(lines).encode("utf-8", "backslashreplace")
