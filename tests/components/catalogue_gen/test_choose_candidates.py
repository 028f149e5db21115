"""Tests of the choice of candidates, in comparison with plain Python."""

from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from components.catalogue_gen.choose_candidates import ChosenCandidates, choose_candidates
from components.catalogue_gen.item_table import IS_READABLE, PROBLEM, SPELLING, items_schema
from components.records.arrow_rows import POSITION, TEXT
from schemas.events import Reject, RejectReason
from schemas.features import AVAILABLE_AT, ITEM_ID
from schemas.settings import DataSettings, from_dict

FIELDS = {"user_id": "u", "item_id": "i", "timestamp": "t"}
FILES = ("only.csv",)
ITEM = st.sampled_from("abcdef")


def data_settings(unknown: str, never_logged: str) -> DataSettings:
    source = {"path": "x", "format": "csv"}
    items = {**source, "fields": {"item_id": "i"}}
    items |= {"unknown": unknown, "never_logged": never_logged}
    interactions = {**source, "fields": FIELDS}
    return from_dict(DataSettings, {"interactions": interactions, "items": items})


def chosen(
    rows: list[tuple[str, int, bool]], logged: set[str], data: DataSettings
) -> ChosenCandidates:
    """Chooses candidates from rows of (item, line, is_readable)."""
    columns: dict[str, Any] = {
        ITEM_ID: [item for item, _, _ in rows],
        SPELLING: [item.upper() if line % 2 else item for item, line, _ in rows],
        POSITION: [line for _, line, _ in rows],
        TEXT: [f"{item} {line}" for item, line, _ in rows],
        IS_READABLE: [is_readable for _, _, is_readable in rows],
        PROBLEM: ["" if is_readable else f"bad_value: {line}" for _, line, is_readable in rows],
        AVAILABLE_AT: [line for _, line, _ in rows],
    }
    table = pa.table(columns, items_schema(()))
    return choose_candidates(table, pa.array(sorted(logged), pa.string()), data, FILES)


@given(
    st.lists(st.tuples(ITEM, st.booleans()), max_size=12).flatmap(
        lambda rows: st.permutations([(*row, line) for line, row in enumerate(rows, start=1)])
    ),
    st.sets(ITEM),
    st.sampled_from(["strict", "accept"]),
    st.sampled_from(["strict", "accept"]),
)
def test_every_row_is_kept_or_rejected_by_the_stated_rules(
    rows: list[tuple[str, bool, int]], logged: set[str], unknown: str, never_logged: str
) -> None:
    candidates = chosen(
        [(item, line, is_readable) for item, is_readable, line in rows],
        logged,
        data_settings(unknown, never_logged),
    )

    last: dict[str, int] = {}
    for item, is_readable, line in rows:
        if is_readable:
            last[item] = max(line, last.get(item, 0))
    reads_log = (unknown, never_logged) != ("strict", "accept")
    unlogged = set(last) - logged if reads_log else set()
    kept = set(last) - unlogged if never_logged == "strict" else set(last)
    logged_only = logged - set(last) if unknown == "accept" else set()
    replaced = {line for item, ok, line in rows if ok and line != last[item]}

    assert candidates.kept.column(ITEM_ID).to_pylist() == sorted(kept)
    assert candidates.kept.column(POSITION).to_pylist() == [last[item] for item in sorted(kept)]
    assert set(candidates.logged_only.to_pylist()) == logged_only
    assert candidates.readmitted == len(logged_only & {item for item, _, _ in rows})
    assert candidates.never_logged == (0 if never_logged == "strict" else len(unlogged))
    by_reason = {reason: set[int]() for reason in RejectReason}
    for reject in candidates.rejects:
        by_reason[reject.reason].add(reject.line)
    rejected = {last[item] for item in unlogged} if never_logged == "strict" else set()
    assert by_reason[RejectReason.DUPLICATE] == replaced
    assert by_reason[RejectReason.NEVER_LOGGED] == rejected
    assert len(candidates.rejects) == len(replaced) + len(rejected)


def test_a_duplicate_shows_its_row_and_the_kept_one() -> None:
    rows = [("a", 7, True), ("a", 3, True), ("a", 9, False)]
    (reject,) = chosen(rows, set(), data_settings("strict", "accept")).rejects
    assert (reject.file, reject.line, reject.raw) == ("only.csv", 3, "a 3")
    assert reject.detail.endswith("only.csv, line 7")


def test_items_whose_rows_are_all_rejected_or_have_two_spellings() -> None:
    rows = [("a", 1, False), ("a", 2, False), ("b", 3, False), ("b", 4, True), ("b", 5, True)]
    candidates = chosen(rows, set(), data_settings("strict", "accept"))
    assert candidates.unreadable == {"a": Reject("only.csv", 2, RejectReason.BAD_VALUE, "2", "")}
    (duplicate,) = candidates.rejects
    assert duplicate.detail == (
        "the item has a later row, which is kept: only.csv, line 5; "
        "the ids b and B are the same after ids.normalise"
    )
