"""Tokens of texts: words and n-grams of characters, compared with plain Python."""

from dataclasses import replace
from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.transform.preprocessing import catalogue_preprocessing_fn
from components.transform.text import tokens
from schemas import tfmd
from schemas.features import feature_table
from schemas.source_settings import FeatureKind, FeatureSettings
from schemas.text_tokens import TokenRules
from tests.components.transform import text_oracle
from tests.components.transform.local_transform import SETTINGS, as_request, item, transform

PAIRS = TokenRules(ngrams=(2,))
# Python and TensorFlow know different versions of Unicode, so unassigned characters are left out.
ASSIGNED = st.characters(blacklist_categories=["Cn", "Cs"])
# Letters with and without marks, digits, symbols and spaces of several scripts.
MIXED = st.sampled_from("aÉßΣİ1手机のカーทีรักक्षि한①é\u0301\u0308\u200d\ufe0f❤👨👩。、，!? \n\t\x1f")
TEXTS = st.lists(st.text(MIXED | ASSIGNED, max_size=20), min_size=1, max_size=8)
LENGTHS = st.lists(st.integers(1, 8), min_size=1, max_size=3, unique=True)


def bags(texts: list[str] | list[bytes], rules: TokenRules) -> list[list[str]]:
    """Returns the tokens of each text."""
    found = tokens(tf.constant(texts, tf.string)[:, tf.newaxis], rules)
    rows = tf.RaggedTensor.from_sparse(found).to_list()
    assert found.dense_shape.numpy().tolist() == [len(texts), max(map(len, rows), default=0)]
    return [[token.decode("utf-8", "replace") for token in row] for row in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n", []),
        ("日", ["日"]),
        ("手机壳", ["手机", "机壳"]),
        ("手机，壳。新品", ["手机", "壳", "新品"]),
        ("『吾輩は猫』", ["吾輩", "輩は", "は猫"]),
        ("新款 iPhone", ["新款", "ip", "ph", "ho", "on", "ne"]),
        ("ที่รัก", ["ที่รั", "รัก"]),
        ("नमस्ते", ["नम", "मस्", "स्ते"]),
        ("E\u0301te\u0301", ["e\u0301t", "te\u0301"]),
        ("爱❤️你👨‍👩‍👧们", ["爱", "你", "们"]),
        ("𠮷野家𝒳", ["𠮷野", "野家", "家𝒳"]),
        ("\u0301\u0302", []),
        ("a\u200bb", ["a", "b"]),
        ("ab\x00cd", ["ab", "cd"]),
    ],
)
def test_pairs_of_characters(text: str, expected: list[str]) -> None:
    assert bags([text], PAIRS) == [expected]


@pytest.mark.parametrize(
    ("text", "lengths", "expected"),
    [
        ("保护壳", (2, 3), ["保护", "护壳", "保护壳"]),
        ("保护", (2, 3), ["保护"]),
        ("保", (2, 3), ["保"]),
        ("保护", (3, 5), ["保护"]),
        ("保护壳", (3, 1), ["保护壳", "保", "护", "壳"]),
        ("保护壳", (1,), ["保", "护", "壳"]),
    ],
)
def test_lengths(text: str, lengths: tuple[int, ...], expected: list[str]) -> None:
    assert bags([text], TokenRules(ngrams=lengths)) == [expected]


def test_a_batch_has_empty_and_long_texts() -> None:
    texts = ["", "手机壳", "!", "手机壳手机壳", ""]
    assert [len(row) for row in bags(texts, PAIRS)] == [0, 2, 0, 5, 0]
    assert bags([], PAIRS) == []


def test_marks_after_a_symbol_are_no_word() -> None:
    assert bags(["❤️ love ❤️ \u0301"], TokenRules()) == [["love"]]


@settings(deadline=None, max_examples=60)
@given(texts=TEXTS)
def test_words_equal_those_of_python(texts: list[str]) -> None:
    assert bags(texts, TokenRules()) == [text_oracle.words(text) for text in texts]


@settings(deadline=None, max_examples=60)
@given(texts=TEXTS, lengths=LENGTHS)
def test_ngrams_equal_slices_of_python(texts: list[str], lengths: list[int]) -> None:
    rules = TokenRules(ngrams=tuple(lengths))
    assert bags(texts, rules) == [text_oracle.ngrams(text, rules.ngrams) for text in texts]


def test_bytes_that_are_not_utf8_do_not_fail() -> None:
    rules = TokenRules(ngrams=(2, 3), strips_html=True)
    (row,) = bags([b"\xff<b>abc</b>\xe4\xb8 &#65;\xff"], rules)
    assert {"ab", "bc", "abc"} <= set(row)


def test_a_request_has_the_ngrams_of_the_data(tmp_path: Path) -> None:
    assert SETTINGS.items is not None
    title = FeatureSettings(kind=FeatureKind.TEXT, tokens="characters", ngrams=(1, 2), html="strip")
    features = {**SETTINGS.items.features, "title": title}
    data = replace(SETTINGS, items=replace(SETTINGS.items, features=features))
    schema = tfmd.catalogue_schema(feature_table(data))
    texts = ["<b title='猫'>小狗</b>", "", "小&#29399;，大狗<!-- 猫 -->"]
    raw = [item(f"i{n}", title=[text.encode()]) for n, text in enumerate(texts)]

    catalogue = transform(raw, schema, catalogue_preprocessing_fn, tmp_path, data)

    vocabulary = catalogue.vocabulary("title")
    assert vocabulary[0] == "狗".encode()
    found = [[vocabulary[index].decode() for index in row["title"]] for row in catalogue.rows]
    assert found == [["小", "狗", "小狗"], [], ["小", "狗", "小狗", "大", "狗", "大狗"]]
    request = as_request([*raw, item("new", title=["<p>狗&nbsp;猫".encode()])], schema)
    served = catalogue.output.transform_raw_features(request)["title"]
    indices = [row["title"].tolist() for row in catalogue.rows]
    assert tf.RaggedTensor.from_sparse(served).to_list() == [*indices, [0, len(vocabulary)]]
