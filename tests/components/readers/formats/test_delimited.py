"""Delimited rows, with Python's csv module as the oracle."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.readers.formats.delimited import MAX_LINES_PER_ROW, read_rows
from components.readers.formats.dialect import Dialect

# Characters that str.splitlines or csv treat specially are covered by their own tests.
TEXT = st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=8)
FIELD = st.one_of(TEXT, st.builds("{}\n{}".format, TEXT, TEXT), st.just('say ""hi""'))


def rows(text: str, delimiter: str = ",") -> list[tuple[int, list[str] | None]]:
    lines = list(enumerate(text.splitlines(), start=1))
    found, end = read_rows(lines, Dialect(delimiter))
    assert end == len(lines)
    return [(row.line, row.fields) for row in found]


@given(st.lists(st.lists(FIELD, min_size=2, max_size=4), max_size=6), st.sampled_from(",;\t|"))
def test_rows_written_by_csv_are_read(table: list[list[str]], delimiter: str) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        table
    )
    lines = list(enumerate(file.getvalue().split("\n"), start=1))
    assert [row.fields for row in read_rows(lines, Dialect(delimiter))[0]] == table


def test_row_has_the_number_of_its_first_line() -> None:
    assert rows('a,b\n"x\ny",2\n\nc,d') == [(1, ["a", "b"]), (2, ["x\ny", "2"]), (5, ["c", "d"])]


def test_delimiters_of_several_characters() -> None:
    assert rows("1::Amélie (2001)::Comedy|Romance", "::") == [
        (1, ["1", "Amélie (2001)", "Comedy|Romance"])
    ]
    assert rows('1::"a::b"::c', "::") == [(1, ["1", "a::b", "c"])]


@pytest.mark.parametrize("line", ['2::"Great" Films::x', '2::5" Disk::x', '2::"Open::x'])
def test_stray_quotes_are_literal_with_a_long_delimiter(line: str) -> None:
    assert rows(line + "\n3::b::c", "::") == [(1, line.split("::")), (2, ["3", "b", "c"])]


def test_unclosed_quote_rejects_only_its_line() -> None:
    text = 'a,"open\n' + "\n".join(f"{n},x" for n in range(MAX_LINES_PER_ROW + 5))
    found = rows(text)
    assert found[0] == (1, None)
    assert found[1:] == [(n + 2, [str(n), "x"]) for n in range(MAX_LINES_PER_ROW + 5)]


def test_nul_character_rejects_its_line() -> None:
    assert rows('a\0,b\n"x\0",1\nc,d') == [(1, None), (2, None), (3, ["c", "d"])]


def test_line_of_delimiters_is_a_row_and_a_blank_line_is_not() -> None:
    assert rows("a\tb\n\t\n \n", "\t") == [(1, ["a", "b"]), (2, ["", ""])]


def test_stray_quote_does_not_affect_the_next_line() -> None:
    assert rows('"abc,i1,17\n"abc,i1,18\nu,i,19') == [
        (1, None),
        (2, None),
        (3, ["u", "i", "19"]),
    ]


def test_row_that_may_continue_remains_unread() -> None:
    lines = [(1, "a,b"), (2, '"x'), (3, "y")]

    found, end = read_rows(lines, Dialect(","), is_last=False)
    assert ([row.fields for row in found], end) == ([["a", "b"]], 1)

    found, end = read_rows([*lines[end:], (4, 'z",c')], Dialect(","), is_last=False)
    assert ([row.fields for row in found], end) == ([["x\ny\nz", "c"]], 3)


def test_quoted_field_that_is_too_long_is_a_stray_quote() -> None:
    lines = [(1, '"x'), *((n, "y" * 100_000) for n in range(2, 20)), (20, 'z",c')]

    assert [row.fields for row in read_rows(lines, Dialect(","))[0]][:2] == [None, ["y" * 100_000]]


def with_stray_quotes(first: str, last: str) -> list[tuple[int, str]]:
    """Returns 60 lines of three fields; `first` is the 11th line and `last` the 51st."""
    lines = [f"u,i,{n}" for n in range(1, 61)]
    lines[10], lines[50] = first, last
    return list(enumerate(lines, start=1))


@pytest.mark.parametrize("last", ['u9,"i5",1049', 'u9,i5",1049,x', 'u9,"i5,1049'])
def test_quote_that_joins_lines_to_another_width_rejects_only_its_line(last: str) -> None:
    lines = with_stray_quotes('u9,"i5,1009', last)

    rows, end = read_rows(lines, Dialect(","), width=3)

    assert end == 60
    assert [row.line for row in rows] == list(range(1, 61))
    rejected = [row for row in rows if row.fields is None]
    assert rejected[0].line == 11
    assert {row.line for row in rejected} <= {11, 51}
    assert all("not closed" in row.problem for row in rejected)


def test_joined_lines_with_the_width_of_the_header_are_a_row() -> None:
    rows, _ = read_rows([(1, '1,"a'), (2, 'b",x'), (3, "2,c,y")], Dialect(","), width=3)
    assert [row.fields for row in rows] == [["1", "a\nb", "x"], ["2", "c", "y"]]


def test_stray_quotes_with_a_long_delimiter_never_join_lines() -> None:
    lines = [(1, '1::"a::x'), (2, "2::b::y"), (3, '3::c"::z::w')]
    rows, _ = read_rows(lines, Dialect("::"), width=3)
    assert [row.fields for row in rows] == [text.split("::") for _, text in lines]
