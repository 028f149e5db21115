"""Adapters for session logs, in which a session takes the place of a user.

A session has no history other than its own clicks. Repeated clicks on an item are targets again, as
in the papers that use these logs (Hidasi et al., 2016, https://arxiv.org/abs/1511.06939).
"""

import csv
import re
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.quality.logs.adapter import Adapter, Config, PreparedLog, first_lines, open_text
from schemas.errors import InputError

_YOOCHOOSE = re.compile(r"\d+,\d{4}-\d\d-\d\dT[0-9:.]+Z?,\d+,[^,]*")
_DIGINETICA = ("sessionId", "itemId", "timeframe", "eventdate")
_DELIMITERS = (",", ";", "\t", "|")
# Accepted column names by field, in lower case.
_COLUMN_NAMES = {
    "user_id": ("session_id", "sessionid", "session"),
    "item_id": ("item_id", "itemid", "item"),
    "timestamp": ("timestamp", "time", "ts"),
}
# Times below the first limit are seconds, below the second milliseconds, others microseconds. This
# is correct for times from 1973 to 5138.
_MAX_SECONDS, _MAX_MILLISECONDS = 1e11, 1e14


def _is_yoochoose(log: Path) -> bool:
    lines = first_lines(log, 10)
    return bool(lines) and all(_YOOCHOOSE.fullmatch(line) for line in lines)


def _prepare_yoochoose(log: Path, folder: Path, attributes: Path | None) -> PreparedLog:
    if not _is_yoochoose(log):
        raise InputError(f"{log}: expected lines `session,2014-04-07T10:51:09.277Z,item,category`")
    header = ("session", "time", "item", "category")
    fields = {"user_id": "session", "item_id": "item", "timestamp": "time"}
    config = _config(log, ",", fields, "iso8601")
    config["interactions"]["csv"]["header"] = list(header)
    return PreparedLog(config, f"YooChoose clicks, read as {', '.join(header)}")


def _is_diginetica(log: Path) -> bool:
    lines = first_lines(log, 1)
    return bool(lines) and set(_DIGINETICA) <= set(lines[0].split(";"))


def _prepare_diginetica(log: Path, folder: Path, attributes: Path | None) -> PreparedLog:
    """Writes a CSV file with one time per click: the day plus the milliseconds in the session."""
    if not _is_diginetica(log):
        raise InputError(f"{log}: expected a header with {';'.join(_DIGINETICA)}")
    events = folder / "events.csv"
    folder.mkdir(parents=True, exist_ok=True)
    with open_text(log) as file, events.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("session", "item", "time_ms"))
        for row in csv.DictReader(file, delimiter=";"):
            time_ms = _diginetica_time_ms(row["eventdate"], row["timeframe"])
            writer.writerow((row["sessionId"], row["itemId"], time_ms))
    fields = {"user_id": "session", "item_id": "item", "timestamp": "time_ms"}
    facts = f"Diginetica; the time is eventdate + timeframe in {events}"
    return PreparedLog(_config(events, ",", fields, "ms"), facts)


def _diginetica_time_ms(day: str, timeframe: str) -> int | str:
    """Returns milliseconds since the epoch, UTC, or an invalid time as text.

    The pipeline rejects and counts the records with invalid times.
    """
    try:
        midnight = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=timezone.utc)
        return int(midnight.timestamp()) * 1000 + int(timeframe)
    except (TypeError, ValueError):
        return f"{day} {timeframe}"


def _is_generic(log: Path) -> bool:
    return _layout(log) is not None


def _prepare_generic(log: Path, folder: Path, attributes: Path | None) -> PreparedLog:
    layout = _layout(log)
    if layout is None:
        expected = "; ".join(" or ".join(names) for names in _COLUMN_NAMES.values())
        raise InputError(f"{log}: expected a header with {expected}, and at least one event")
    delimiter, fields, unit = layout
    columns = ", ".join(f"{field} in {column}" for field, column in fields.items())
    return PreparedLog(
        _config(log, delimiter, fields, unit), f"sessions with a header: {columns}, times in {unit}"
    )


def _layout(log: Path) -> tuple[str, dict[str, str], str] | None:
    """Returns (delimiter, column by field, unit of time), or None for any other file."""
    lines = first_lines(log, 2)
    if len(lines) < 2:
        return None
    for delimiter in _DELIMITERS:
        try:
            header, values = (next(csv.reader([line], delimiter=delimiter), []) for line in lines)
        except csv.Error:
            # A field exceeds the size limit of the csv module: a sequence log.
            return None
        columns = {column.strip().casefold(): column for column in header}
        fields = {
            field: next((columns[name] for name in names if name in columns), None)
            for field, names in _COLUMN_NAMES.items()
        }
        found = {field: column for field, column in fields.items() if column is not None}
        if len(found) == len(_COLUMN_NAMES) and len(values) == len(header):
            return delimiter, found, _unit(values[header.index(found["timestamp"])])
    return None


def _unit(time: str) -> str:
    try:
        value = abs(float(time))
    except ValueError:
        return "iso8601"
    return "s" if value < _MAX_SECONDS else "ms" if value < _MAX_MILLISECONDS else "us"


def _config(log: Path, delimiter: str, fields: dict[str, str], unit: str) -> Config:
    return {
        "interactions": {
            "path": str(log.resolve()),
            "format": "csv",
            "csv": {"delimiter": delimiter},
            "fields": fields,
            "timestamp_unit": unit,
        },
        "repeat_interactions": "allow",
        "split": {"policy": "temporal"},
        "history": {"max_length": 50},
        "model": {"user_id_embedding": False},
    }


ADAPTERS = (
    Adapter(
        name="yoochoose",
        description="lines `session,2014-04-07T10:51:09.277Z,item,category` (yoochoose-clicks.dat)",
        matches=_is_yoochoose,
        prepare=_prepare_yoochoose,
    ),
    Adapter(
        name="diginetica",
        description=f"a header with {';'.join(_DIGINETICA)} (train-item-views.csv)",
        matches=_is_diginetica,
        prepare=_prepare_diginetica,
    ),
    Adapter(
        name="sessions",
        description="a CSV file whose header has session_id, item_id and timestamp",
        matches=_is_generic,
        prepare=_prepare_generic,
    ),
)
