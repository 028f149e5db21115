"""Tests that rejected events show their original records, in every format and from any files."""

import gzip
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.readers.records import Rows
from components.records import original_records
from components.records.erase import ErasedIds
from components.records.original_records import LookUpOriginalRecords
from components.records.reject_table import serialize_rejects
from components.records.rejects_json import to_json_lines
from schemas.data_settings import InteractionFields, InteractionsSettings
from schemas.events import Reject, RejectReason
from schemas.privacy_settings import RejectsSettings
from schemas.settings import DataSettings, from_dict
from schemas.source_settings import CsvSettings
from tests.components.example_gen.logs import event, run
from tests.components.example_gen.logs import settings as log_settings

FIELDS = {"user_id": "user", "item_id": "item", "timestamp": "time"}
# Every third row is rejected, since it repeats the previous one.
ROWS = [(f"ü{n % 5}", f"i{n}", 1_000 * n) for n in range(20) for _ in range(1 + (n % 2))]
REPEATS = [row for row in range(1, len(ROWS)) if ROWS[row] == ROWS[row - 1]]


def data_settings(path: str, file_format: str, **changes: Any) -> DataSettings:
    interactions = {"path": path, "format": file_format, "fields": FIELDS}
    interactions |= changes.pop("interactions", {})
    return from_dict(DataSettings, {"interactions": interactions, **changes})


def as_jsonl(path: Path) -> list[str]:
    """Writes ROWS with a field that is not read; returns the text of each row."""
    lines = [json.dumps({"time": t, "item": i, "user": u, "note": f"nö {i}"}) for u, i, t in ROWS]
    path.write_text("".join(line + "\n" for line in lines))
    return lines


def as_csv(path: Path) -> list[str]:
    """Writes ROWS, some of them over two lines; returns the text of each row."""
    notes = ["two\nlines" if row % 2 else "one, line" for row in range(len(ROWS))]
    rows = [f'{u},"{note}",{i},{t}' for (u, i, t), note in zip(ROWS, notes, strict=True)]
    path.write_text("".join(row + "\n" for row in ["user,note,item,time", *rows]))
    return rows


def as_parquet(path: Path) -> list[str]:
    """Writes ROWS; returns the values of each row as JSON, since the format has no text."""
    users, items, times = zip(*ROWS, strict=True)
    table = pa.table({"item": items, "note": items, "user": users, "time": times})
    pq.write_table(table, path, row_group_size=7)
    return [json.dumps([u, t, i], ensure_ascii=False) for u, i, t in ROWS]


Writer = Callable[[Path], list[str]]


@pytest.mark.parametrize("compression", ["", ".gz"])
@pytest.mark.parametrize("write", [as_jsonl, as_csv, as_parquet])
def test_rejects_show_the_original_record(tmp_path: Path, write: Writer, compression: str) -> None:
    name = write.__name__.removeprefix("as_")
    path = tmp_path / f"log.{name}"
    texts = write(path)
    if compression:
        (tmp_path / f"log.{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()

    out = run(data_settings(str(tmp_path / f"log.{name}{compression}"), name), tmp_path)

    assert out.report.rejects == {"duplicate": len(REPEATS)}
    assert [reject["raw"] for reject in in_order(out.rejects)] == [texts[row] for row in REPEATS]
    assert not any("is_parsed" in reject for reject in out.rejects)


def in_order(rejects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rejects, key=lambda reject: (reject["file"], reject["line"]))


def test_the_line_of_a_csv_row_is_its_first_line(tmp_path: Path) -> None:
    texts = as_csv(tmp_path / "log.csv")
    out = run(data_settings(str(tmp_path / "log.csv"), "csv"), tmp_path)
    lines = (tmp_path / "log.csv").read_text().split("\n")
    for reject, row in zip(in_order(out.rejects), REPEATS, strict=True):
        assert texts[row].split("\n")[0] == lines[reject["line"] - 1]


def test_rejects_of_every_step_are_looked_up_in_their_own_file(tmp_path: Path) -> None:
    logs = {
        name: [event(f"u{n % 3}", f"i{n}", 100 * n, file=name) for n in range(begin, begin + 9)]
        for name, begin in (("a", 0), ("b", 9), ("c", 18))
    }
    logs["a"] += ["{", event("u1", "i1", 100, file="a")]
    logs["c"] += [event("once", "i7", 50, file="c")]
    for name, lines in logs.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(line + "\n" for line in lines))
    keep = {"min_user_events": 2}
    data = data_settings(str(tmp_path / "*.jsonl"), "jsonl", interactions={"keep": keep})

    out = run(data, tmp_path)

    shown = [(Path(r["file"]).stem, r["reason"], r["raw"]) for r in in_order(out.rejects)]
    assert shown == [
        ("a", "unparseable", "{"),
        ("a", "duplicate", logs["a"][-1]),
        ("c", "too_few_user_events", logs["c"][-1]),
    ]


def test_the_readable_part_of_a_damaged_file_is_looked_up(tmp_path: Path) -> None:
    users = np.random.default_rng(1).integers(0, 10**9, 3_000).tolist()
    log = [event(f"u{user}", "i", n // 2, id=f"e{n // 2}") for n, user in enumerate(users)]
    log = [log[n - n % 2] for n in range(len(log))]  # Each event occurs twice.
    whole = gzip.compress("".join(line + "\n" for line in log).encode())
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    damaged = {"damaged_files": "reject"}

    out = run(data_settings(str(path), "jsonl", interactions=damaged), tmp_path)

    *repeats, lost = in_order(out.rejects)
    assert (lost["reason"], lost["raw"]) == ("damaged_file", "")
    assert len(repeats) == (lost["line"] - 1) // 2 > 100
    assert all(reject["raw"] == log[reject["line"] - 1] for reject in repeats)


def test_long_records_are_truncated_once(tmp_path: Path) -> None:
    long = event("u", "i", 5, note="é" * 100)
    log = [*(event("u", f"i{n}", n) for n in range(4)), long, long]
    data = log_settings(tmp_path, log, rejects={"max_raw_characters": 12})
    (reject,) = run(data, tmp_path).rejects
    assert reject["raw"] == f"{long[:12]}… [cut: {len(long)} characters]"


def test_no_file_is_read_again_if_records_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_jsonl(tmp_path / "log.jsonl")

    def read_again(*_: Any) -> None:
        raise AssertionError("read a second time")

    monkeypatch.setattr(original_records, "read_for_text", read_again)
    path = str(tmp_path / "log.jsonl")
    out = run(data_settings(path, "jsonl", rejects={"raw": False}), tmp_path)
    assert [reject["raw"] for reject in out.rejects] == [""] * len(REPEATS)
    with pytest.raises(Exception, match="read a second time"):
        run(data_settings(path, "jsonl"), tmp_path)


def looked_up(rejects: list[list[Reject]], settings: InteractionsSettings) -> list[dict[str, Any]]:
    """Returns the rejects of two steps after the look-up, in order of file and line."""
    with TemporaryDirectory() as folder:
        pipeline = beam.Pipeline()
        steps = tuple(
            pipeline
            | f"Step{n}" >> beam.Create([serialize_rejects(chunk) for chunk in rejects[n::2]])
            for n in range(2)
        )
        _ = (
            steps
            | LookUpOriginalRecords(settings, ("u", "t", "i"), 1_000)
            | beam.Map(to_json_lines, RejectsSettings(), ErasedIds())
            | beam.Map(lambda lines: Path(folder, uuid.uuid4().hex).write_bytes(lines))
        )
        pipeline.run().wait_until_finish()
        lines = b"".join(path.read_bytes() for path in Path(folder).iterdir())
    return in_order([json.loads(line) for line in lines.splitlines()])


def settings_of(file_format: Any) -> InteractionsSettings:
    fields = InteractionFields(user_id="u", item_id="i", timestamp="t")
    layout = CsvSettings(header=("u", "t", "i"))
    return InteractionsSettings(path="", format=file_format, fields=fields, csv=layout)


def parsed(file: Path | str, line: int) -> Reject:
    return Reject(str(file), line, RejectReason.LATE, "late", '{"user_id":"u"}', is_parsed=True)


def test_records_that_no_longer_exist_show_their_parsed_fields(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "short.csv").write_text("a,1,x\nb,2,y\n")
    rejects = [parsed(tmp_path / "gone.csv", 1), parsed(tmp_path / "short.csv", 2)]
    rejects.append(parsed(tmp_path / "short.csv", 3))

    shown = looked_up([rejects], settings_of("csv"))

    gone, restored, truncated = shown
    assert restored["raw"] == "b,2,y"
    assert "is_parsed" not in restored
    for missing in (gone, truncated):
        assert (missing["raw"], missing["is_parsed"]) == ('{"user_id":"u"}', True)
    assert "gone.csv" in caplog.text
    assert "short.csv: 1 rejected records were not found again" in caplog.text


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rejected=st.sets(st.tuples(st.sampled_from("ab"), st.integers(1, 40)), min_size=1),
    complete=st.sets(st.tuples(st.sampled_from("ab"), st.integers(41, 50))),
    size=st.integers(1, 7),
    block=st.integers(1, 45),
)
def test_any_lines_of_any_files_in_chunks_of_any_size(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rejected: set[tuple[str, int]],
    complete: set[tuple[str, int]],
    size: int,
    block: int,
) -> None:
    monkeypatch.setattr(original_records, "_LINES_PER_BLOCK", block)
    for name in "ab":
        lines = "".join(f'{{"u":"{name}","n":{n}}}\n' for n in range(1, 41))
        (tmp_path / name).write_text(lines)
    rejects = [parsed(tmp_path / name, line) for name, line in rejected]
    rejects += [
        Reject(str(tmp_path / name), line, RejectReason.BAD_VALUE, "bad", f"{name} {line}")
        for name, line in complete
    ]
    chunks = [rejects[at : at + size] for at in range(0, len(rejects), size)]

    shown = looked_up(chunks, settings_of("jsonl"))

    expected = {(n, line): f'{{"u":"{n}","n":{line}}}' for n, line in rejected}
    expected |= {(n, line): f"{n} {line}" for n, line in complete}
    assert [((Path(r["file"]).name, r["line"]), r["raw"]) for r in shown] == sorted(
        expected.items()
    )


@pytest.mark.parametrize("texts", [None, [b"x\xff", b"y", b"z"], ["x", "ü", "z"]])
def test_texts_of_rows_equal_the_texts_of_each_row(texts: Any) -> None:
    columns = ([b"\xff", None, 3], pa.array(["a", None, "c"]))
    rows = Rows(np.array([2, 5, 9]), columns, texts)
    each = [rows.text(row) for row in range(3)]
    assert rows.as_texts() == each
    selected = rows.where(np.array([True, False, True]))
    assert selected.lines.tolist() == [2, 9]
    assert selected.as_texts() == [each[0], each[2]]
