"""Ids are normalised by the rules of the settings, and equally in ingestion and in the graph."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import hypothesis.strategies as st
import pytest
import tensorflow as tf
from hypothesis import given, settings

from components.id_normalisation import (
    TRIMMED,
    UNENCODABLE,
    WHITE_SPACE,
    IdNormaliser,
    code_points,
)
from components.id_normalisation_graph import GraphIdNormaliser
from components.nfc_graph import Composer
from schemas.id_settings import IdNormalisation, IdsSettings
from schemas.settings import from_dict

RULES = tuple(IdNormalisation)
ALL_RULES = IdsSettings(normalise=RULES)
_MARKS = "\u0301\u0308\u030c\u0323\u0327\u0338\u05b8\u0f71\u0f72\u094d\u3099"
_LETTERS = "aAeEiİıIſßẞςΣσÅÅKΩΩДдЇǅǰjJỆḋ\u1100\u1161\u11a8각가क\u09c7\u09be\u0b47\u1025\u102e𝔸𐐀ꭰᏸ"
_PIECES = st.one_of(
    st.sampled_from(["0", "00", ".0", ".00", ".", "-", "+", "SKU-", "12", " ", "\t", "\u00a0"]),
    st.sampled_from(list(_MARKS + _LETTERS)),
    st.sampled_from([*TRIMMED, *sorted(UNENCODABLE)]),
    st.characters(blacklist_categories=["Cs"]),
)
TEXTS = st.lists(_PIECES, max_size=8).map("".join)


def rules(*names: str) -> IdsSettings:
    return from_dict(IdsSettings, {"normalise": list(names)})


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        ((), " SKU-1.0 ", " SKU-1.0 "),
        (("trim",), "\ufeff\u200b a-1 \u200e", "a-1"),
        (("trim",), "a\u200bb", "a\u200bb"),
        (("case",), " SKU-105\t", "sku-105"),
        (("case",), "ÅДΣ", "åдσ"),
        (("unicode",), "e\u0301te", "éte"),
        (("unicode",), "SKU", "SKU"),
        (("case", "unicode"), "J\u030c", "ǰ"),
        (("decimal_zero",), "105.0", "105"),
        (("decimal_zero",), "105.000", "105"),
        (("decimal_zero",), "105.10", "105.10"),
        (("decimal_zero",), "1.0.0", "1.0.0"),
        (("decimal_zero",), "a105.0", "a105.0"),
        (("leading_zeros",), "00105", "105"),
        (("leading_zeros",), "000", "0"),
        (("leading_zeros",), "A-0105", "A-0105"),
        (("leading_zeros", "decimal_zero"), "0105.0", "105"),
    ],
)
def test_rules(names: tuple[str, ...], text: str, expected: str) -> None:
    assert IdNormaliser(rules(*names))(text) == expected
    graph = GraphIdNormaliser(rules(*names))
    assert graph(tf.constant([[text]])).numpy()[0, 0].decode() == expected


def test_white_space_is_what_python_strips() -> None:
    assert {chr(code) for code in range(0x110000) if chr(code).isspace()} == set(WHITE_SPACE)


_RULE_SETS = [(), *((rule,) for rule in RULES), RULES, RULES[1:3], RULES[2:]]


@pytest.fixture(scope="module")
def graphs() -> list[Callable[[tf.Tensor], tf.Tensor]]:
    """The graph of each of the rule sets, traced once."""
    spec = [tf.TensorSpec([None], tf.string)]
    settings = [IdsSettings(normalise=chosen) for chosen in _RULE_SETS]
    return [tf.function(GraphIdNormaliser(one), input_signature=spec) for one in settings]


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=6), st.sampled_from(range(len(_RULE_SETS))))
def test_graph_equals_ingestion(
    graphs: list[Callable[[tf.Tensor], tf.Tensor]], texts: list[str], chosen: int
) -> None:
    normaliser = IdNormaliser(IdsSettings(normalise=_RULE_SETS[chosen]))
    expected = [normaliser(text) for text in texts]
    normalised = graphs[chosen](tf.constant(texts, tf.string))
    assert [text.decode() for text in normalised.numpy()] == expected
    assert [normaliser(text) for text in expected] == expected


@pytest.mark.parametrize(
    "suffix", ["", "\u0301", "\u0323\u0302", "\u0338\u0301\u0327", "\u1161\u11a8"]
)
def test_graph_composes_every_character_as_python_does(suffix: str) -> None:
    """Each decomposed character alone, and before marks that block, reorder or compose."""
    composer = Composer()

    @tf.function
    def compose(texts: tf.Tensor) -> tf.Tensor:
        return tf.strings.unicode_encode(
            composer(tf.strings.unicode_decode(texts, "UTF-8")), "UTF-8"
        )

    decomposed = ((chr(c), unicodedata.normalize("NFD", chr(c))) for c in code_points())
    texts = [text + suffix for char, text in decomposed if text != char or ord(char) < 0x400]
    expected = [unicodedata.normalize("NFC", text).encode() for text in texts]
    assert compose(tf.constant(texts)).numpy().tolist() == expected


def test_tables_are_saved_with_the_model(tmp_path: Path) -> None:
    module = tf.Module()
    module.ids = GraphIdNormaliser(ALL_RULES)
    spec = tf.TensorSpec([None, None], tf.string)
    function = tf.function(module.ids).get_concrete_function(spec)
    tf.saved_model.save(module, str(tmp_path), function)
    (served,) = tf.saved_model.load(str(tmp_path)).signatures.values()
    (ids,) = served(tf.constant([["E\u0301-1", " 0105.0", ""]])).values()
    assert [text.decode() for text in ids.numpy()[0]] == ["é-1", "105", ""]


@pytest.mark.parametrize("names", [("case",), ("unicode",), ("case", "unicode")])
def test_ids_that_not_every_tensorflow_can_write_do_not_change(names: tuple[str, ...]) -> None:
    ids = [f"E\u0301{character}" for character in sorted(UNENCODABLE)]

    assert [IdNormaliser(rules(*names))(one) for one in ids] == ids
    graph = GraphIdNormaliser(rules(*names))
    assert [one.decode() for one in graph(tf.constant(ids)).numpy()] == ids


def test_bytes_that_are_not_utf8_do_not_fail() -> None:
    ids = tf.constant([b"\xff\xfeA", b"", b"a"])
    assert GraphIdNormaliser(ALL_RULES)(ids).numpy().tolist() == [b"\xff\xfeA", b"", b"a"]


def test_operations_exist_in_tensorflow_2_11() -> None:
    function = tf.function(GraphIdNormaliser(ALL_RULES))
    graph = function.get_concrete_function(tf.TensorSpec([None, None], tf.string)).graph
    library = graph.as_graph_def().library.function
    operations = {node.op for f in library for node in f.node_def} | {
        operation.type for operation in graph.get_operations()
    }
    text = {op for op in operations if "egex" in op or "Unicode" in op or "String" in op}
    assert text <= {
        "StaticRegexReplace",
        "StaticRegexFullMatch",
        "UnicodeDecode",
        "UnicodeEncode",
        "UnicodeDecodeWithOffsets",
        "StringLower",
    }
