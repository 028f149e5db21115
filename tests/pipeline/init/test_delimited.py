"""The delimiter, the quote and the header of delimited text."""

import pytest

from pipeline.init.certainty import Certainty
from pipeline.init.delimited import find_dialect

# Lines, then delimiter, quote, number of columns, whether there is a header, and how sure this is.
CASES = {
    "commas": (["user,item,time", "1,2,3", "4,5,6"], ",", '"', 3, True, Certainty.CERTAIN),
    "no_header": (["1\t2\t3", "4\t5\t6"], "\t", '"', 3, False, Certainty.CERTAIN),
    "decimal_commas": (["user;item;price", "1;2;3,5"], ";", '"', 3, True, Certainty.CERTAIN),
    "two_colons": (["1::A, B::3", "2::C, D::4"], "::", '"', 3, False, Certainty.CERTAIN),
    "quoted_delimiter": (["a;b", '"x;y";1', '"z;z";2'], ";", '"', 2, True, Certainty.CERTAIN),
    "stray_quotes": (
        ["id\tname", '1\t"open', "2\tb", '3\tc "d" e', '4\t"f', "5\tg"],
        "\t", None, 2, True, Certainty.CERTAIN,
    ),
    "single_quotes": (["'id','name'", "'1','a, b'"], ",", "'", 2, True, Certainty.CERTAIN),
    "times_with_colons": (
        ["u,i,when", "a,b,2014-05-01 10:00:00", "c,d,2014-05-01 11:00:00"],
        ",", '"', 3, True, Certainty.CERTAIN,
    ),
    "unknown_names": (["foo|bar", "x|y", "z|w"], "|", '"', 2, True, Certainty.GUESS),
    "repeated_values": (["foo|bar", "x|bar", "foo|w"], "|", '"', 2, False, Certainty.GUESS),
    "malformed_lines": (
        ["user,item,time", *["1,2,3"] * 30, "broken", "4,5"], ",", '"', 3, True, Certainty.CERTAIN,
    ),
    "spaces": (["1 2 3", "4 5 6"], " ", '"', 3, False, Certainty.CERTAIN),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_layout_of_lines(name: str) -> None:
    lines, delimiter, quote, width, has_header, certainty = CASES[name]
    found = find_dialect("log.csv", lines)
    assert (found.dialect.delimiter, found.dialect.quote) == (delimiter, quote)
    assert (found.width, found.has_header, found.header_certainty) == (
        width,
        has_header,
        certainty,
    )


def test_an_escape_character_is_found() -> None:
    lines = ["id,name,place", '1,"a \\", b",x', '2,"c, d",y', '3,"e \\"f\\", g",z']
    assert find_dialect("log.csv", lines).dialect.escape == "\\"
