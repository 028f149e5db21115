"""The fast path for delimited lines, with the row-by-row reader as the oracle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.readers.formats.csv_careful import read_carefully
from components.readers.formats.csv_quick import read_quickly
from components.readers.formats.csv_table import CsvTable
from components.readers.formats.dialect import Dialect
from components.readers.lines import LineBlock
from components.readers.records import ReadBatch

HEADER = ("user", "item", "time")
PIECES = st.sampled_from(
    [
        *(
            b"u",
            b"7",
            b" ",
            b"::",
            b":",
            b",",
            b"\t",
            b'"',
            b'""',
            b"\r",
            b"\0",
            b"\\",
            b"^",
            b"\\,",
            b"#",
            b"NA",
        ),
        *("é".encode(), "漢".encode(), b"\xe9", b"\x81|", b"\x1c", "\u2028".encode(), b"'"),
    ]
)
# Lines with the right number of fields are frequent; otherwise few blocks would be well-formed.
UNQUOTED = st.lists(st.text("aé7 .", max_size=3), min_size=3, max_size=3)
QUOTED = st.lists(
    st.sampled_from(["a", '"b"', '"a,b"', '"a::b"', '""', "'c,d'", "a\\,b", "^N"]),
    min_size=3,
    max_size=3,
)


@st.composite
def blocks(draw: st.DrawFn) -> tuple[list[bytes], CsvTable]:
    delimiter = draw(st.sampled_from([",", "\t", "::", ":", "é", "|", " "]))
    quote = draw(st.sampled_from(['"', '"', "'", "é", None]))
    escape = draw(st.sampled_from([None, "\\", "^"]))
    dialect = Dialect(delimiter, quote, escape)
    encoding = draw(st.sampled_from(["utf-8", "latin-1", "cp1252", "shift_jis", "utf-8-sig"]))
    line = st.one_of(
        *[rows.map(delimiter.join) for rows in (UNQUOTED, QUOTED)],
        st.just(""),
    ).map(lambda text: text.encode(encoding, "replace"))
    malformed = st.lists(PIECES, max_size=6).map(b"".join)
    lines = draw(
        st.lists(line | malformed if draw(st.booleans()) else line, min_size=1, max_size=6)
    )
    header = HEADER[: draw(st.sampled_from([1, 3, 3, 3]))]
    positions = tuple(draw(st.lists(st.integers(0, len(header) - 1), max_size=3)))
    return lines, CsvTable("log.csv", encoding, dialect, header, positions)


def plain(batch: ReadBatch) -> object:
    rows = [(row.line, row.values, row.text()) for row in batch.rows.records()]
    return rows, [(reject.line, reject.detail, reject.raw) for reject in batch.rejects]


@given(blocks())
def test_fast_path_equals_reading_row_by_row(
    block: tuple[list[bytes], CsvTable],
) -> None:
    lines, table = block
    quick = read_quickly(LineBlock(5, lines), table)
    if quick is not None:
        careful, left_over = read_carefully(LineBlock(5, lines), table, is_last=True)
        assert plain(quick) == plain(careful)
        assert not left_over.lines


@pytest.mark.parametrize("delimiter", [",", "::", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_unquoted_lines_use_the_fast_path(delimiter: str, encoding: str) -> None:
    table = CsvTable("log.csv", encoding, Dialect(delimiter), HEADER, (2, 0))
    lines = [
        delimiter.join(row).encode(encoding)
        for row in (["é", "i", "5"], ["too", "short"], ["v", "", " 6"])
    ]
    batch = read_quickly(LineBlock(1, [*lines, b""]), table)
    assert batch is not None
    assert [(row.line, row.values) for row in batch.rows.records()] == [
        (1, ("5", "é")),
        (3, (" 6", "v")),
    ]
    assert [(reject.line, reject.raw) for reject in batch.rejects] == [(2, f"too{delimiter}short")]


def test_quoted_lines_use_the_fast_path_if_each_is_a_row() -> None:
    table = CsvTable("log.csv", "utf-8", Dialect(","), HEADER, (0, 1, 2))
    batch = read_quickly(LineBlock(1, [b'"a, ""b""",c,d', b"e,f,g"]), table)
    assert batch is not None
    assert [row.values for row in batch.rows.records()] == [('a, "b"', "c", "d"), ("e", "f", "g")]
    assert read_quickly(LineBlock(1, [b'"a', b'b",c,d']), table) is None
