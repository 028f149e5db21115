"""Logs that cannot be used: the message says why and what to do."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.config.load import settings_of_text
from pipeline.init.checks import checks_of
from pipeline.init.proposal import propose
from pipeline.init.render import render
from pipeline.init.words import Role
from schemas.errors import InputError
from tests.pipeline.init.starter_logs import events, json_lines, lines

HEADER = ("user", "item", "rating", "time")
EVENTS = list(events())

UNUSABLE = {
    "no_time": (
        lines([HEADER[:3], *(event[:3] for event in EVENTS)]),
        "no column of times in all 144 records .*row_order",
    ),
    "no_user": (
        lines([("item", "price", "time"), *((i, r / 2, t) for _, i, r, t in EVENTS)]),
        "no column of users .*--column user_id=COLUMN",
    ),
    "no_item": (
        lines([("customer_id", "country", "time"), *((u, "DE", t) for u, _, _, t in EVENTS)]),
        "no column of items",
    ),
    "one_event_per_user": (
        lines([HEADER, *((at, *event[1:]) for at, event in enumerate(EVENTS))]),
        "144 different users in column 'user', one event each",
    ),
    "one_item": (
        lines([HEADER, *((u, 7, r, t) for u, _, r, t in EVENTS)]),
        "a single item in column 'item'",
    ),
    "one_time": (
        lines([HEADER, *((u, i, r, 1_396_310_400) for u, i, r, _ in EVENTS)]),
        "1 different times, but train, eval and test need one each",
    ),
    "too_few": (lines([HEADER, *EVENTS[:5]]), "too few to learn from"),
    "spreadsheet_days": (
        lines([HEADER, *((u, i, r, 41_000 + t % 300) for u, i, r, t in EVENTS)]),
        "column 'time' is the number of a day in a spreadsheet",
    ),
    "future": (
        lines([HEADER, *((u, i, r, t + 2_000_000_000) for u, i, r, t in EVENTS)]),
        "no value of column 'time', such as '3[0-9]*', is a time between 1970 and now",
    ),
    "repeated_names": (
        lines([("user", "item", "item", "time"), *EVENTS]),
        "no column of items .*several are called item",
    ),
    "json_with_nan": (
        b'{"user": "u1", "item": "i1", "price": NaN}\n' * 3,
        "lines contain NaN or Infinity",
    ),
    "one_json_document": (b'[\n{"user": 1,\n"item": 2}\n]\n', "one JSON document.*jq"),
    "one_column": (b"a\nb\nc\n", "no delimiter splits its lines"),
    "adjacency_list": (
        b"".join(b"%d %s\n" % (u, b" ".join(b"%d" % i for i in range(u + 3))) for u in range(9)),
        "adjacency list",
    ),
    "blocks": (b"1:\n7,2005-01-01\n8,2005-01-02\n2:\n7,2005-01-01\n", "heads a block of rows"),
    "zip": (b"PK\x03\x04" + bytes(100), "zip archive"),
    "latin1_json": (
        '{"user": "é"}\n'.encode("latin-1") * 3,
        "read in UTF-8, but the encoding is probably latin-1",
    ),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_the_message_says_why_a_log_cannot_be_used(name: str, tmp_path: Path) -> None:
    content, message = UNUSABLE[name]
    path = tmp_path / "log.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        propose(str(path), None, None, {})


def test_a_log_without_times_is_read_in_the_order_of_its_rows_on_request(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(UNUSABLE["no_time"][0])
    proposal = propose(str(path), None, None, {Role.TIME: "row_order"})
    settings = settings_of_text(render(proposal, "log.yaml"), "log.yaml")
    assert settings.interactions.has_row_order
    assert settings.split.policy == "leave_one_out"


def test_a_column_that_the_user_names_is_used(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(lines([("category", "who", "score", "time"), *EVENTS]))
    wanted = {Role.USER: "category", Role.ITEM: "who"}
    fields = propose(str(path), None, None, wanted).log.fields
    assert (fields[Role.USER].column, fields[Role.ITEM].column) == ("category", "who")

    with pytest.raises(InputError, match="has no column 'sku'; it has category, who, score, time"):
        propose(str(path), None, None, {Role.ITEM: "sku"})


def test_a_log_whose_events_are_mostly_at_one_time_is_split_by_user(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = [(u, i, r, t if at > 135 else 1_396_000_000) for at, (u, i, r, t) in enumerate(EVENTS)]
    path.write_bytes(lines([HEADER, *rows, (1, 99, 1, 1_296_000_000)]))
    text = render(propose(str(path), None, None, {}), "log.yaml")
    assert "136 of 145 kept events are at 2014-03-28T" in text
    assert settings_of_text(text, "log.yaml").split.policy == "leave_one_out"


def test_records_that_are_rejected_are_named_with_the_limit_that_accepts_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.csv"
    rows = [("" if at % 4 == 0 else u, i, r, t) for at, (u, i, r, t) in enumerate(EVENTS)]
    path.write_bytes(lines([HEADER, *rows, *rows[:80]]))
    missing, duplicates = checks_of(propose(str(path), None, None, {}))
    assert missing == (
        "interactions.fields.user_id: 25.0% of the records have none and are rejected; if this is "
        "right, set interactions.reject_limits: {missing_field: 0.3}"
    )
    assert "reject.duplicates: 35.7% of the records repeat another one" in duplicates
    assert "{duplicate: 0.45}" in duplicates


def test_a_property_of_an_item_is_not_the_time_of_an_event(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = [(u, i, f"199{i % 9}-01-01", t) for u, i, _, t in EVENTS]
    path.write_bytes(lines([("user", "item", "release_date", "bought"), *rows]))
    assert propose(str(path), None, None, {}).log.fields[Role.TIME].column == "bought"

    wanted = {Role.TIME: "release_date"}
    (check,) = checks_of(propose(str(path), None, None, wanted))
    assert "all events of each item have the same time" in check


def test_one_long_text_in_a_column_of_ids_is_no_reason_against_it(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(lines([HEADER, *EVENTS, (1, "x" * 1_000, 5, EVENTS[0][3])]))
    assert propose(str(path), None, None, {}).log.fields[Role.ITEM].column == "item"


def test_a_part_of_the_records_in_the_future_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = [(u, i, r, t + 2_000_000_000 * (at % 4 == 0)) for at, (u, i, r, t) in enumerate(EVENTS)]
    path.write_bytes(lines([HEADER, *rows]))
    (check,) = checks_of(propose(str(path), None, None, {}))
    assert check.startswith("interactions.reject.future: 25.0% of the records have a time later")


def test_columns_of_one_name_are_said_not_to_be_read(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(
        lines(
            [
                ("user", "item", "price", "price", "time"),
                *((u, i, r, r, t) for u, i, r, t in EVENTS),
            ]
        )
    )
    (check,) = checks_of(propose(str(path), None, None, {}))
    assert "several columns have the name price" in check


def test_the_items_of_a_basket_are_events(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    baskets = [
        {"customer": at % 12, "date": f"2024-05-{at % 28 + 1:02d}", "product_ids": [at % 7, at % 9]}
        for at in range(100)
    ]
    path.write_bytes(json_lines(baskets))
    log = propose(str(path), None, None, {}).log
    assert log.sample.layout.source.explode == "product_ids"
    assert log.fields[Role.ITEM].column == "product_ids"
    assert log.sample.num_records == 200


def test_binary_ids_of_parquet_are_hexadecimal(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    columns = {
        "user": pa.array([bytes([u, 32]) for u, *_ in EVENTS], pa.binary(2)),
        "item": [i for _, i, *_ in EVENTS],
        "time": pa.array([t for *_, t in EVENTS], pa.timestamp("s")),
    }
    pq.write_table(pa.table(columns), path)
    proposal = propose(str(path), None, None, {})
    assert proposal.log.column(Role.USER).num_distinct == len({u for u, *_ in EVENTS})
    assert proposal.log.reading.settings == {}
    assert not list(checks_of(proposal))
