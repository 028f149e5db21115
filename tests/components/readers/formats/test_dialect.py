"""Quotes, escapes and delimiters of CSV files, with Python's csv module as the oracle."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.readers.formats.delimited import read_rows
from components.readers.formats.dialect import Dialect, dialect_problem
from components.readers.read import read_records
from components.readers.records import Record
from components.readers.source_columns import check_columns
from pipeline.config import parse_settings
from schemas.errors import InputError
from schemas.events import Reject
from schemas.source_settings import CsvSettings
from tests.components.readers.format_files import COLUMNS, configuration, settings

FIELD = st.text(
    st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]) | st.sampled_from("\\'\"\n,|^"),
    max_size=6,
)


def rows_of(text: str, dialect: Dialect) -> list[list[str] | None]:
    lines = list(enumerate(text.split("\n"), start=1))
    return [row.fields for row in read_rows(lines, dialect)[0]]


@given(
    st.lists(st.lists(FIELD, min_size=2, max_size=3), max_size=5),
    st.sampled_from(",;\t|"),
    st.sampled_from(["'", '"', "^", "§"]),
    st.booleans(),
)
def test_escaped_rows_are_read(
    table: list[list[str]], delimiter: str, quote: str, quoted: bool
) -> None:
    """A writer may escape line ends, delimiters, quotes and escapes, with and without quotes."""
    special = {delimiter, quote, "\\", "\n"}

    def written(field: str) -> str:
        escaped = "".join(f"\\{char}" if char in special else char for char in field)
        return f"{quote}{escaped}{quote}" if quoted or not field.strip() else escaped

    text = "\n".join(delimiter.join(map(written, row)) for row in table)
    assert rows_of(text, Dialect(delimiter, quote, "\\")) == table


@given(
    st.lists(st.lists(FIELD, min_size=2, max_size=3), max_size=5), st.sampled_from(["'", "^", "§"])
)
def test_rows_with_other_quotes_are_read(table: list[list[str]], quote: str) -> None:
    file = io.StringIO()
    writer = csv.writer(file, quotechar=quote, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows(table)
    assert rows_of(file.getvalue().rstrip("\n") or "", Dialect(",", quote)) == table


@given(st.lists(st.text("ab\"'\\ \x07é", min_size=1), min_size=2, max_size=4))
def test_without_quoting_every_character_is_kept(fields: list[str]) -> None:
    assert rows_of("\t".join(fields), Dialect("\t", quote=None)) == [fields]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (r"a\,b,c", ["a,b", "c"]),
        (r"\N,c", [r"\N", "c"]),
        (r"C:\dir,c", [r"C:\dir", "c"]),
        (r"a\\,b", ["a\\", "b"]),
        (r'"say \"hi\"",c', ['say "hi"', "c"]),
        (r'"say ""hi""",c', ['say "hi"', "c"]),
        ("a\\\nb,c", ["a\nb", "c"]),
    ],
)
def test_escape_affects_only_special_characters(text: str, fields: list[str]) -> None:
    assert rows_of(text, Dialect(",", escape="\\")) == [fields]


def test_escape_at_the_end_rejects_only_its_line() -> None:
    lines = [(1, "a,b\\")]
    (row,), _ = read_rows(lines, Dialect(",", escape="\\"))
    assert "no line continues it" in row.problem


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('101\t"Odd Al" Person\tx', ["101", '"Odd Al" Person', "x"]),
        ('"1"\t"Odd Al" Person\t"x ""y"""', ["1", '"Odd Al" Person', 'x "y"']),
        ('104\tName 12" mix\tx', ["104", 'Name 12" mix', "x"]),
    ],
)
def test_stray_quotes_of_one_line_are_kept(text: str, fields: list[str]) -> None:
    assert rows_of(text, Dialect("\t")) == [fields]


def read(path: Path, text: str, **csv_settings: Any) -> list[Record | Reject]:
    path.write_bytes(text.encode())
    source = settings("csv", **csv_settings)
    check_columns(str(path), source, {name: f"fields.{name}" for name in COLUMNS})
    return list(read_records(str(path), source, COLUMNS))


def test_quote_none_reads_quotes_as_text(tmp_path: Path) -> None:
    text = 'user\titem\ttime\n"Odd" Al\t"open\t1\n12" mix\t"whole"\t2\n'
    found = read(tmp_path / "log.tsv", text, delimiter="\t", quote=None)
    assert [record.values for record in found if isinstance(record, Record)] == [
        ('"Odd" Al', '"open', "1"),
        ('12" mix', '"whole"', "2"),
    ]
    (reject,) = [r for r in read(tmp_path / "log.tsv", text, delimiter="\t") if r.line == 2]
    assert isinstance(reject, Reject)
    assert "csv.quote: none" in reject.detail


@pytest.mark.parametrize(
    ("delimiter", "text", "proposed"),
    [
        (",", "user;item;time\n1;2;3\n", '";"'),
        (",", "user\titem\ttime\n1\t2\t3\n", r'"\t"'),
        (";", "user,item,time\n1,2,3\n", '","'),
        (",", '"user"|"item"|"time"\n1|2|3\n', '"|"'),
        (",", "user::item::time\n1::2::3\n", '"::"'),
        (",", "user\x01item\x01time\n1\x012\x013\n", r'"\x01"'),
        (",", "a;b;c\n1;2;3\n4;5;6\n", '";"'),
        (",", "a,b,c\n1,2,3\n", ""),
    ],
)
def test_wrong_delimiter_is_recognised(
    tmp_path: Path, delimiter: str, text: str, proposed: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path / "log.csv", text, delimiter=delimiter)
    assert "has no column" in str(caught.value)
    assert (f"set csv.delimiter: {proposed}" in str(caught.value)) is bool(proposed)


@pytest.mark.parametrize(
    ("quote", "text", "proposed"),
    [
        ('"', "'user','item','time'\n'1','2','3'\n", '"\'"'),
        ("'", '"user","item","time"\n"1","2","3"\n', "'\"'"),
        (None, "'user', item, time\n1,2,3\n", '"\'"'),
        ('"', "'a','b','c'\n1,2,3\n", ""),
    ],
)
def test_another_quote_is_recognised(
    tmp_path: Path, quote: str | None, text: str, proposed: str
) -> None:
    with pytest.raises(InputError, match="has no column") as caught:
        read(tmp_path / "log.csv", text, quote=quote)
    proposal = re.search("set csv.quote: (.*?)($|;)", str(caught.value))
    assert (proposal[1] if proposal else "") == proposed
    if proposal:
        quote = yaml.safe_load(proposed)
        records = read(tmp_path / "log.csv", text, quote=quote)
        assert [r.values for r in records if isinstance(r, Record)] == [("1", "2", "3")]


def test_wrong_delimiter_without_a_header_is_recognised(tmp_path: Path) -> None:
    found = read(tmp_path / "log.csv", "1\t2\t3\n4\t5\t6\n", header=COLUMNS)
    assert [isinstance(reject, Reject) for reject in found] == [True, True]
    assert 'set csv.delimiter: "\\t"' in found[0].detail  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "header", "is_recognised"),
    [
        ("1,i7,978300760\n", None, True),
        ("u1,i7,2009-05-04 23:08:57\n", None, True),
        ("1 7 9\n2 8 9\n", None, True),
        ("customer,sku,when\n1,7,9\n", None, False),
        ("user,2023,2024\n1,7,9\n", None, False),
        ("1,7,9\n", ("a", "b", "c"), False),
    ],
    ids=["numbers", "a date", "other delimiter", "names", "a year as a name", "csv.header"],
)
def test_a_missing_header_is_recognised(
    tmp_path: Path, text: str, header: tuple[str, ...] | None, is_recognised: bool
) -> None:
    with pytest.raises(InputError, match="has no column") as caught:
        read(tmp_path / "log.csv", text, header=header)
    proposal = "if the file has no header line, set csv.header to the names of all its 3 columns"
    assert (proposal in str(caught.value)) is is_recognised


@pytest.mark.parametrize("header", [None, COLUMNS, ("movie", *COLUMNS)])
def test_blocks_of_rows_are_recognised(tmp_path: Path, header: tuple[str, ...] | None) -> None:
    text = "1:\n1488844,3,2005-09-06\n822109,5,2005-05-13\n2:\n885013,4,2005-10-19\n"
    with pytest.raises(InputError, match=r"its first line, 1:, heads a block of rows: .* awk"):
        read(tmp_path / "log.csv", text, header=header)


@pytest.mark.parametrize("header", [None, COLUMNS])
@pytest.mark.parametrize("delimiter", [" ", ","])
def test_adjacency_lists_are_recognised(
    tmp_path: Path, header: tuple[str, ...] | None, delimiter: str
) -> None:
    text = "0 1 2 3 4 5\n1 7 8\n2 4 5 6 9\n3 1\n"
    with pytest.raises(InputError, match=r"as in an adjacency list, .* awk .* has no times"):
        read(tmp_path / "log.csv", text, header=header, delimiter=delimiter)


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"delimiter": r"\t"}, r'delimiter: "\t"'),
        ({"delimiter": "tab"}, r'delimiter: "\t"'),
        ({"delimiter": r"\x01"}, r'delimiter: "\x01"'),
        ({"delimiter": "^A"}, r'delimiter: "\x01"'),
        ({"delimiter": "';'"}, 'delimiter: ";"'),
        ({"delimiter": '"'}, "csv.delimiter: "),
        ({"delimiter": ",", "quote": ","}, "csv.delimiter: "),
        ({"delimiter": ",", "escape": ","}, "csv.delimiter: "),
        ({"quote": "''"}, "csv.quote: "),
        ({"quote": ""}, "csv.quote: "),
        ({"quote": "\n"}, "csv.quote: "),
        ({"escape": "ab"}, "csv.escape: "),
        ({"escape": " "}, "csv.escape: "),
    ],
)
def test_impossible_characters_are_rejected(layout: dict[str, Any], message: str) -> None:
    assert message in dialect_problem(CsvSettings(**layout))
    with pytest.raises(InputError, match=r"interactions\.csv\.") as caught:
        parse_settings(configuration(csv=layout), "c.yaml")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "layout",
    [
        {"delimiter": "::"},
        {"delimiter": "\\|"},
        {"delimiter": "\t", "quote": None},
        {"delimiter": '"', "quote": None},
        {"escape": '"'},
        {"quote": "'", "escape": "\\"},
    ],
)
def test_possible_characters_are_accepted(layout: dict[str, Any]) -> None:
    assert dialect_problem(CsvSettings(**layout)) == ""
