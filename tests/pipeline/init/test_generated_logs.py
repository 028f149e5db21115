"""`twotower init` on generated logs: any names, units, delimiters and orders of columns.

Each record is readable with the proposed configuration, its time is the right one, and each column
is the right one or named as a guess.
"""

import csv
import io
import random
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.example_gen.event_parser import EventParser
from components.example_gen.event_table import TIME_US
from components.readers.read import read_batches
from components.records.erase import ErasedIds
from pipeline.config.load import settings_of_text
from pipeline.init.checks import checks_of
from pipeline.init.proposal import propose
from pipeline.init.render import render
from schemas.features import feature_table
from schemas.settings import Settings

US = 10**6
START_S = 1_700_000_000
USERS = ("user_id", "customer", "visitorid", "UserID", "reviewer")
ITEMS = ("item_id", "sku", "movieId", "product code", "asin")
TIMES = ("timestamp", "ts", "event_time", "createdAt", "date")
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# Formats, and the seconds to which they are exact.
FORMATS = {
    "%Y-%m-%dT%H:%M:%SZ": 1,
    "%Y-%m-%d %H:%M:%S": 1,
    "%d/%m/%Y %H:%M": 60,
    "%m/%d/%Y %H:%M": 60,
    "%a %b %d %H:%M:%S +0000 %Y": 1,
    "%Y%m%d%H%M%S": 1,
    "%d-%b-%Y": 86_400,
}
any_name = st.text("abcXYZéß0_ .-", min_size=1, max_size=9).filter(
    lambda name: name == name.strip() and any(char.isalpha() for char in name)
)


@dataclass(frozen=True)
class GeneratedLog:
    """A generated log."""

    names: dict[str, str]
    order: list[str]
    delimiter: str
    time_form: str
    has_header: bool
    seed: int


@st.composite
def logs(draw: st.DrawFn, usual_names: bool) -> GeneratedLog:
    """Generates a log, with names that are usual or without meaning."""
    others = draw(st.sampled_from([[], ["price"], ["price", "note"]]))
    roles = ["user", "item", "time", *others]
    if usual_names:
        names = {"user": USERS, "item": ITEMS, "time": TIMES}
        chosen = [draw(st.sampled_from(names[role])) if role in names else role for role in roles]
    else:
        chosen = draw(st.lists(any_name, min_size=5, max_size=5, unique=True))[: len(roles)]
    return GeneratedLog(
        names=dict(zip(roles, chosen, strict=True)),
        order=draw(st.permutations(roles)),
        delimiter=draw(st.sampled_from([",", ";", "\t", "|", "::"])),
        time_form=draw(st.sampled_from([*UNITS, *FORMATS])),
        has_header=usual_names or draw(st.booleans()),
        seed=draw(st.integers(0, 10**6)),
    )


def written_time(time_s: int, form: str) -> tuple[str, int]:
    """Returns a time as text, and the instant that the text states, in microseconds."""
    if form in UNITS:
        return str(time_s * UNITS[form]), time_s * US
    exact_s = time_s - time_s % FORMATS[form]
    return datetime.fromtimestamp(time_s, timezone.utc).strftime(form), exact_s * US


def write_log(log: GeneratedLog, path: Path) -> list[int]:
    """Writes the log and returns the instants of its records, in microseconds."""
    rng = random.Random(log.seed)
    rows, times_us = [], []
    for number in range(80):
        text, time_us = written_time(
            START_S + number * 40_000 + rng.randrange(9_000), log.time_form
        )
        values = {
            "user": f"{'u' * (log.seed % 2)}{rng.randrange(12) + 1}",
            "item": f"{'i' * (log.seed % 3)}{rng.randrange(25) + 1}",
            "time": text,
            "price": f"{rng.random() * 9:.2f}",
            "note": rng.choice(["an ordinary note", "another note, with a comma"]),
        }
        rows.append([values[role] for role in log.order])
        times_us.append(time_us)
    if log.has_header:
        rows.insert(0, [log.names[role] for role in log.order])
    if len(log.delimiter) > 1:
        path.write_text("".join(log.delimiter.join(row) + "\n" for row in rows), "utf-8")
    else:
        text_file = io.StringIO()
        csv.writer(text_file, delimiter=log.delimiter, lineterminator="\n").writerows(rows)
        path.write_text(text_file.getvalue(), "utf-8")
    return times_us


def read_times(configured: Settings) -> tuple[list[int], list[Any]]:
    """Returns the times of the readable records of the log, and the rejected records."""
    log = configured.interactions
    parser = EventParser(log, feature_table(configured.data).context, ErasedIds())
    times: list[int] = []
    rejects: list[Any] = []
    for batch in read_batches(str(log.path), log, parser.columns):
        parsed = parser.parse(batch.rows, 0, str(log.path))
        times += parsed.batch.column(parsed.batch.schema.get_field_index(TIME_US)).to_pylist()
        rejects += [*parsed.rejects, *batch.rejects]
    return times, rejects


@pytest.mark.parametrize("usual_names", [True, False])
def test_the_records_of_a_generated_log_are_kept(usual_names: bool, tmp_path: Path) -> None:
    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @given(log=logs(usual_names))
    def check(log: GeneratedLog) -> None:
        path = tmp_path / "log.csv"
        times_us = write_log(log, path)
        proposal = propose(str(path), None, None, {})
        text = render(proposal, "log.yaml")
        checks = {line.split(":")[0] for line in checks_of(proposal)}
        configured = settings_of_text(text, "log.yaml")
        read_us, rejects = read_times(configured)
        assert not rejects, text
        if "interactions.timestamp_format" not in checks:
            assert read_us == times_us, text
        header = configured.interactions.csv.header
        for role in ("user", "item"):
            column = getattr(configured.interactions.fields, f"{role}_id")
            place = header.index(column) if header else None
            found = log.order[place] if place is not None else column
            right = role if place is not None else log.names[role]
            assert found == right or f"interactions.fields.{role}_id" in checks, text

    check()
