"""HTML is removed from texts as Python's parser removes it."""

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.transform.html import strip_html
from tests.components.transform import text_oracle


def stripped(*texts: str) -> list[str]:
    """Returns the texts without HTML, with single spaces."""
    found = strip_html(tf.constant(texts, tf.string)).numpy()
    return [" ".join(text.decode().split()) for text in found]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("", ""),
        ("no markup", "no markup"),
        ("<p>one</p><p>two</p>", "one two"),
        ("one<br/>two<BR>three", "one two three"),
        ("""<img alt="a > b" src='c > d' width=1>text""", "text"),
        ("<p title=it's>one</p> it's <b>two</b>", "one it's two"),
        ("<a href='x' title = \"<b>\">one</a>", "one"),
        ("one<!-- <b> two > -- > -->three", "one three"),
        ("one<!---->two", "one two"),
        ("one<script>if (a < b && c > d) e('</p>');</script>two", "one two"),
        ("one<STYLE type='text/css'>\np > b {}\n</Style >two", "one two"),
        ("<scripture>one</scripture>", "one"),
        ("<!DOCTYPE html><?xml version='1'?><p>one", "one"),
        ("<![CDATA[one <b>two</b>]]>", "one two ]]>"),
        ("5 < 6, 6 > 5, I <3 you", "5 < 6, 6 > 5, I <3 you"),
        ("<p\nclass='a'\n>one</p\n>", "one"),
    ],
)
def test_markup(markup: str, expected: str) -> None:
    assert stripped(markup) == [expected]


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ("one <a hre", "one"),
        ("one <a href='x", "one"),
        ("one <!-- two", "one"),
        ("one <script> two", "one"),
        ("one <", "one <"),
        ("one &eacut", "one &eacut"),
    ],
)
def test_markup_that_is_cut_extends_to_the_end(cut: str, expected: str) -> None:
    assert stripped(cut) == [expected]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Caf&eacute; &Eacute;", "Café É"),
        ("&amp;&lt;b&gt;&quot;&apos;", "&<b>\"'"),
        ("a&nbsp;b", "a b"),
        ("&#20013;&#x6587;&#X6587;", "中文文"),
        ("&#00000000065;&#x000041;", "AA"),
        ("&#128640;", "🚀"),
        ("don&#39;t don&#x27;t", "don't don't"),
        ("soft&shy;hy&#173;phens", "softhyphens"),
        ("&amp;eacute;", "&eacute;"),
        ("&lt;b&gt;", "<b>"),
        ("&unknown; &eacute &AMP;", "&unknown; &eacute &AMP;"),
        ("&#0; &#xD800; &#x110000; &#9999999;", "\x00 \ufffd \ufffd \ufffd"),
        ("&#99999999; &#x1000000;", "&#99999999; &#x1000000;"),
        ("&#; &#x; &; &#xZ;", "&#; &#x; &; &#xZ;"),
    ],
)
def test_references(reference: str, expected: str) -> None:
    assert stripped(reference) == [expected]


def test_texts_of_a_batch_are_independent() -> None:
    texts = ["", "<!-- open", "&eacute;", "plain", "<b>&#65;</b>&#65;", ""]
    assert stripped(*texts) == ["", "", "é", "plain", "A A", ""]
    assert stripped() == []


PLAIN = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="<>&\x1f\r"))
QUOTED = st.sampled_from(["", ' a="x > y"', " b='<i>'", " c", " d=1", ' e="it\'s"', " f = 'g'"])
NAMES = st.sampled_from(["p", "br", "H1", "x-y"])
TAGS = st.builds("<{}{}{}>".format, NAMES, QUOTED, st.sampled_from(["", "/", " /"]))
HIDDEN = st.sampled_from(
    ["</p>", "<!-- <b> & > -->", "<script>a < b > '<p>'</script>", "<style>p > b {}</style>"]
)
NAMED = st.sampled_from(["&amp;", "&lt;", "&nbsp;", "&eacute;", "&Omega;", "&shy;", "&sup2;"])
CODES = st.integers(0xA0, 0xD7FF) | st.integers(0xE000, 0xFDCF) | st.integers(0x10000, 0x1FFFD)
NUMBERED = st.builds("&#{};".format, CODES) | st.builds("&#x{:x};".format, CODES)
MARKUP = st.lists(PLAIN | TAGS | HIDDEN | NAMED | NUMBERED, max_size=12).map("".join)


@settings(deadline=None, max_examples=100)
@given(texts=st.lists(MARKUP, min_size=1, max_size=6))
def test_markup_equals_that_of_pythons_parser(texts: list[str]) -> None:
    found = [text.decode().split() for text in strip_html(tf.constant(texts, tf.string)).numpy()]
    assert found == [text_oracle.without_html(text).split() for text in texts]
