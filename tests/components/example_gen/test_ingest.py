"""Tests of the ingestion of the log, from lines to windows and rejects."""

import gzip
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import apache_beam as beam
import numpy as np
import pytest

from components.example_gen.ingest import Outputs, ingest
from components.examples.read import read_raw_catalogue, read_raw_windows, read_users
from components.readers.source_columns import check_source
from schemas.errors import InputError
from schemas.events import RejectReason
from schemas.features import feature_table
from schemas.settings import DataSettings, from_dict
from tests.components.example_gen.logs import NOW_S, event, run, settings

DAY_S = 86_400


def test_windows_of_two_users(tmp_path: Path) -> None:
    log = [event("ann", f"i{n}", 10 * n) for n in range(1, 9)]
    log += [event(7, 12, 35), event(7, 12.0, 75)]
    out = run(settings(tmp_path, log), tmp_path)
    # Of ten events the ninth in time is eval: that of user 7 at 75 s, after ann's at 70 s.
    assert out.report.splits["eval"]["first"] == "1970-01-01T00:01:15Z"
    assert out.windows["train"] == [
        ("7", ["12"], [35], [True]),
        ("ann", ["i1", "i2", "i3", "i4", "i5"], [10, 20, 30, 40, 50], [True] * 5),
        ("ann", ["i3", "i4", "i5", "i6", "i7"], [30, 40, 50, 60, 70], [False] * 3 + [True] * 2),
    ]
    assert out.windows["eval"] == [("7", ["12", "12"], [35, 75], [False, True])]
    assert out.windows["test"] == [
        ("ann", ["i4", "i5", "i6", "i7", "i8"], [40, 50, 60, 70, 80], [False] * 4 + [True])
    ]
    assert (out.report.read, out.report.kept, out.report.rejects) == (10, 10, {})
    assert (out.report.users, out.report.items) == (2, 9)
    assert (out.catalogue.items, out.catalogue.logged_only) == (9, 9)


def test_every_reason_rejects_its_record(tmp_path: Path) -> None:
    # Three users have events on ten items, so every item has at least two train events.
    log = [event(user, f"i{n % 10}", n * DAY_S) for user in "uv" for n in range(1, 21)]
    log += [event("w", f"i{n % 10}", n * DAY_S) for n in range(1, 11)]
    invalid = {
        RejectReason.UNPARSEABLE: ["{"],
        RejectReason.MISSING_FIELD: [event("", "i1", 1)],
        RejectReason.BAD_TIMESTAMP: [event("u", "i1", "noon")],
        RejectReason.BAD_VALUE: [event("u", "i1", 2, value="much")],
        RejectReason.FUTURE_TIMESTAMP: [event("u", "i1", NOW_S + 1)],
        RejectReason.LATE: [event("u", "i1", 0)],
        RejectReason.DUPLICATE: [event("u", "i3", 3 * DAY_S)],
        RejectReason.UNKNOWN_ITEM: [event("u", "nowhere", 3)],
        RejectReason.OVER_RATE_LIMIT: [event("bot", "i1", DAY_S + n) for n in range(4)],
        RejectReason.EVENT_TYPE_NOT_KEPT: [event("u", "i1", 4, type="hover")],
        RejectReason.VALUE_BELOW_MINIMUM: [event("u", "i1", 5, value=0.25)],
        RejectReason.OVER_USER_CAP: [event("u", "i1", 6)],
        RejectReason.TOO_FEW_USER_EVENTS: [event("once", "i1", 7)],
        RejectReason.TOO_FEW_ITEM_EVENTS: [event("w", "rare", 8)],
    }
    not_tested_here = {RejectReason.DAMAGED_FILE, RejectReason.NEVER_LOGGED, RejectReason.ERASED}
    assert set(invalid) == set(RejectReason) - not_tested_here
    reason_of_line = dict.fromkeys(range(1, len(log) + 1))
    for reason, lines in invalid.items():
        for line in lines:
            log.append(line)
            reason_of_line[len(log)] = reason.value
    keep = {
        "event_types": ["view"],
        "min_value": 0.5,
        "min_user_events": 2,
        "min_item_events": 2,
        "max_user_events": 14,  # in split train: u has one more
    }
    reject = {"earliest": "1970-01-01T00:00:01", "user_rate_limit": {"events": 3}}
    split = {"eval_start": "1970-01-16", "test_start": "1970-01-19"}
    items = [*(f"i{n}" for n in range(10)), "rare"]
    out = run(settings(tmp_path, log, items, keep=keep, reject=reject, split=split), tmp_path)

    rejected = {reject["line"]: reject["reason"] for reject in out.rejects}
    assert rejected == {line: reason for line, reason in reason_of_line.items() if reason}
    assert all(reject["detail"] for reject in out.rejects)
    assert all(reject["raw"] == log[reject["line"] - 1] for reject in out.rejects)
    assert out.report.rejects == Counter(rejected.values())
    assert out.report.read == len(log) == out.report.kept + len(out.rejects)
    assert [out.report.splits[split]["events"] for split in ("train", "eval", "test")] == [
        14 + 14 + 10,
        3 + 3,
        3 + 3,
    ]


def test_the_order_of_lines_does_not_matter(tmp_path: Path) -> None:
    log = [event(f"u{n % 7}", f"i{n % 11}", 100 * n, value=n) for n in range(80)]
    shuffled = random.Random(1).sample(log, len(log))
    outs = []
    for name, lines in (("straight", log), ("shuffled", shuffled)):
        (tmp_path / name).mkdir()
        outs.append(run(settings(tmp_path / name, lines), tmp_path / name))
    assert outs[0].windows == outs[1].windows
    assert outs[0].report.splits == outs[1].report.splits


def test_leave_one_out_with_event_types_that_are_no_targets(tmp_path: Path) -> None:
    types = ["buy", "view", "buy", "view", "buy"]
    log = [event("u", f"i{n}", n + 1, type=kind) for n, kind in enumerate(types)]
    log.append(event("short", "i0", 9, type="buy"))
    data = settings(
        tmp_path, log, split={"policy": "leave_one_out"}, targets={"event_types": ["buy"]}
    )
    out = run(data, tmp_path)
    history = [f"i{n}" for n in range(5)]
    assert out.windows == {
        "train": [("short", ["i0"], [9], [True]), ("u", history[:1], [1], [True])],
        "eval": [("u", history[:3], [1, 2, 3], [False, False, True])],
        "test": [("u", history, [1, 2, 3, 4, 5], [False] * 4 + [True])],
    }
    assert sum(counts["targets"] for counts in out.report.splits.values()) == 1 + 1 + 1 + 1


def test_movielens_1m_lines(tmp_path: Path) -> None:
    (tmp_path / "ratings.dat").write_text(
        "".join(f"1::{n}::{n % 5 + 1}::{978300000 + 60 * n}\n" for n in range(1, 11))
    )
    titles = b"".join(b"%d::Film %d (2000)::Drama\n" % (n, n) for n in range(2, 11))
    movies = b"1::Am\xe9lie (2001)::Comedy|Romance\n" + titles
    (tmp_path / "movies.dat").write_bytes(movies)
    (tmp_path / "users.dat").write_text("1::F::18::10::48067\n2::M::56::16::70072\n")

    def section(name: str, header: list[str], fields: dict[str, str], **more: Any) -> Any:
        layout = {"delimiter": "::", "header": header, "encoding": "latin-1"}
        path = str(tmp_path / f"{name}.dat")
        return {"path": path, "format": "csv", "csv": layout, "fields": fields, **more}

    fields = {"user_id": "user", "item_id": "movie", "timestamp": "time", "value": "rating"}
    genres = {"title": {"kind": "text"}, "genres": {"kind": "categories"}}
    users = {"gender": {"kind": "category"}, "age": {"kind": "number"}}
    data = from_dict(
        DataSettings,
        {
            "interactions": section("ratings", ["user", "movie", "rating", "time"], fields),
            "items": section(
                "movies", ["movie", "title", "genres"], {"item_id": "movie"}, features=genres
            ),
            "users": section(
                "users",
                ["user", "gender", "age", "job", "zip"],
                {"user_id": "user"},
                features=users,
            ),
        },
    )
    out = run(data, tmp_path)
    table = feature_table(data)
    catalogue = read_raw_catalogue(str(tmp_path / "catalogue"), table)
    row = list(catalogue.item_id).index(b"1")
    assert catalogue.features["title"][row].decode() == "Amélie (2001)"
    assert list(catalogue.features["genres"][row]) == [b"Comedy", b"Romance"]
    assert sorted(read_users(str(tmp_path / "users"), table)["user_id"].tolist()) == [b"1", b"2"]
    windows = read_raw_windows(str(tmp_path / "windows"), "train", table)
    assert (windows.user["gender"][0], windows.user["age"][0]) == (b"F", 18)
    np.testing.assert_array_equal(windows.value, [n % 5 + 1 for n in range(1, 9)])
    assert (out.report.users, out.report.items, out.report.rejects) == (1, 10, {})


@pytest.mark.parametrize(
    ("log", "changes", "message"),
    [
        ([event("u", "i", n * 10**12) for n in (1, 2)], {}, "bad_timestamp: 2.*timestamp_unit"),
        (
            [event("u", "x", n) for n in (1, 2, 3)],
            {"items": ["y"]},
            "none of the 1 items of the log .*is in the catalogue .*for example y",
        ),
        ([event("u", "i", 5, type=str(n)) for n in range(9)], {}, "three distinct times"),
        (
            [event("u", "i", n) for n in range(9)],
            {"split": {"eval_start": "2030-01-01", "test_start": "2031-01-01"}},
            "eval and test; move split.eval_start",
        ),
        (
            [event("u", "i", n) for n in range(2)],
            {"split": {"policy": "leave_one_out"}},
            "no user has three",
        ),
        (
            [event("u", "i", n) for n in range(9)],
            {"targets": {"event_types": ["buy"]}},
            "targets.event_types: no record of the log has the type .buy.; correct it or remove it",
        ),
    ],
    ids=[
        "wrong unit",
        "unknown items",
        "one time",
        "boundaries outside the log",
        "too few events",
        "no target",
    ],
)
def test_a_log_without_usable_events_is_an_error(
    tmp_path: Path, log: list[str], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        run(settings(tmp_path, log, **changes), tmp_path)
    assert str(tmp_path / "log.jsonl") in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "interactions.path: no file matches"),
        (b"", "interactions.path: .*empty"),
        (b'{"usr": "u", "item": "i", "time": 1, "type": "", "value": 1, "id": ""}', "usr"),
    ],
)
def test_invalid_files_are_errors_before_beam_starts(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    data = settings(tmp_path, [event("u", "i", 1)])
    path = tmp_path / "log.jsonl"
    path.unlink() if content is None else path.write_bytes(content)

    class NeverRun(beam.Pipeline):
        def run(self, test_runner_api: object = "AUTO") -> NoReturn:
            raise AssertionError("Beam was started")

    with pytest.raises(InputError, match=message) as caught:
        ingest(data, "", Outputs("", "", "", ""), NeverRun)
    assert str(path) in str(caught.value)


def test_the_error_for_a_missing_column_suggests_a_similar_one(tmp_path: Path) -> None:
    data = settings(tmp_path, [event("u", "i", 1)], context={"devise": {"kind": "category"}})
    (tmp_path / "log.jsonl").write_text(event("u", "i", 1, device="web"))
    with pytest.raises(InputError) as caught:
        check_source("interactions", data.interactions)
    message = str(caught.value)
    assert message.startswith(
        f"interactions.context.devise: {tmp_path}/log.jsonl has no column 'devise'"
    )
    assert "did you mean 'device'? it has: user, item, time, type, value, id, device" in message


def test_the_error_for_a_damaged_file_names_the_file(tmp_path: Path) -> None:
    data = settings(tmp_path, [event(f"u{n}", "i", n) for n in range(5000)])
    whole = gzip.compress((tmp_path / "log.jsonl").read_bytes())
    (tmp_path / "log.jsonl").unlink()
    (tmp_path / "log.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    path = str(tmp_path / "log.jsonl.gz")
    data = replace(data, interactions=replace(data.interactions, path=path))
    with pytest.raises(InputError, match=r"log\.jsonl\.gz is damaged from line \d+ on"):
        run(data, tmp_path)


def test_one_user_with_one_item_is_enough(tmp_path: Path) -> None:
    out = run(settings(tmp_path, [event("u", "i", n) for n in (1, 2, 3)], ["i"]), tmp_path)
    assert out.windows["test"] == [("u", ["i", "i", "i"], [1, 2, 3], [False, False, True])]
    assert (out.report.users, out.report.items, out.catalogue.items) == (1, 1, 1)
