"""Lists that are written as text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.readers.list_literals import parse_list
from components.records.list_text import ListForm, ListForms, describe_ambiguous, form_of

SCALARS = st.none() | st.booleans() | st.integers() | st.text()


@given(st.lists(SCALARS, max_size=4))
def test_lists_of_json_and_python_are_read(values: list[Any]) -> None:
    for text in (json.dumps(values), repr(values), repr(tuple(values)), f"  {values!r} "):
        assert parse_list(text) == values


@given(st.lists(st.text(st.characters(blacklist_characters="[]()")), max_size=4), st.text("|, "))
def test_separated_texts_are_not_lists(values: list[str], separator: str) -> None:
    assert parse_list(separator.join(values)) is None


@given(st.text("[](){}'\"\\,ab1 \n"))
def test_any_text_has_a_form(text: str) -> None:
    assert form_of(text) in ListForm


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("['Action', 'Comedy']", ListForm.LITERAL),
        ('["Action"]', ListForm.LITERAL),
        ("[36, 94]", ListForm.LITERAL),
        ("[]", ListForm.LITERAL),
        ("('a',)", ListForm.LITERAL),
        ("{'a', 'b'}", ListForm.LITERAL),
        ("['a' 'b']", ListForm.BRACKETED),
        ("['a'\n 'b']", ListForm.BRACKETED),
        ("[1 2]", ListForm.BRACKETED),
        ("[Live]", ListForm.BRACKETED),
        ("[nan, 'a']", ListForm.BRACKETED),
        ("(1999)", ListForm.PLAIN),
        ("(Live)", ListForm.PLAIN),
        ("{'a': 1}", ListForm.PLAIN),
        ("a|b", ListForm.PLAIN),
        ("[Live]|Rock", ListForm.PLAIN),
    ],
)
def test_forms(text: str, form: ListForm) -> None:
    assert form_of(text) is form


@pytest.mark.parametrize(
    ("forms", "message"),
    [
        (["literal"], ""),
        (["plain"], ""),
        (["plain", "bracketed"], ""),
        (
            ["literal", "plain"],
            r"one text \(a.csv, line 1\) is a list .* one text .*line 2\) is not",
        ),
        (["literal", "bracketed"], r"is a list of JSON or Python.* and one text .* is not"),
        (["bracketed"], "in square brackets but not a list of JSON or Python"),
    ],
)
def test_ambiguous_columns_are_described(forms: list[str], message: str) -> None:
    found, reverse = ListForms(), ListForms()
    for line, form in enumerate(forms, 1):
        found.add(("tags", form), 1, ("a.csv", line))
    for line, form in reversed(list(enumerate(forms, 1))):
        reverse.add(("tags", form), 1, ("a.csv", line))
    assert found.to_rows() == reverse.to_rows()
    described = describe_ambiguous(found.to_rows(), {"tags": "items.features.tags"})
    if message:
        with pytest.raises(AssertionError, match=message):
            raise AssertionError(*described)
        assert "set items.features.tags.list_format: literal" in described[0]
    else:
        assert described == []
    assert describe_ambiguous(found.to_rows(), {}) == []
