"""The fast path for JSON Lines, with parsing line by line as the oracle."""

import json
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.readers.formats.jsonl_quick import quick_columns

WANTED = ("a", "b")
scalars = st.one_of(
    st.text(max_size=5),
    st.integers(-(2**65), 2**65),
    st.integers(0, 9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
values = st.one_of(scalars, st.lists(scalars, max_size=2), st.dictionaries(st.just("a"), scalars))
records = st.dictionaries(st.sampled_from(["a", "b", "c", "a.b", "é"]), values, max_size=4)
plain = st.fixed_dictionaries(
    {"a": st.text(max_size=5), "b": st.integers(-(2**60), 2**60)}, optional={"c": values}
)
STRAY = [
    "", " ", "{", "}", "{}", "[]", '{"a":1}{"a":2}', '{"a":1},{"a":2}', '{"a":{}', "{}}",
    '{"a":1,"a":2}', '{"c":1,"c":2}', '{"a":"\\ud800"}', '{"a":"\\udc00"}', '{"a":"\x01"}',
    '{"a":NaN}', '{"a":1e999}', '{"c":1e999}', '{"a":01}', '{"a":1.}', '{"a":-0.0}', '{"a":1,}',
    '{"a":"\\x"}', '{"c":"\\x"}', '{"a":"\\u0000"}', '{"\\u0061":"x"}', '{"a" : "x" }', '{"a":tru}',
    '{"a":9007199254740993}', '{"a":9007199254740993.0}', '{"a":1}//', '{"c":[[[[1]]]]}', '{"a":"',
    '{"c":1}/*}', '{"a":"\x00"}', '{\x00}', '{"a":"x"}\x00', "{'a':1}", '{"a":Infinity}',
]  # fmt: skip


def parse_line(line: bytes) -> dict[str, Any] | None:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return record if isinstance(record, dict) else None


def check(lines: list[bytes]) -> bool:
    found = quick_columns(lines, WANTED)
    if found is None:
        return False
    read = [parse_line(line) for line in lines]
    for name, array in zip(WANTED, found, strict=True):
        expected = [None if record is None else record.get(name) for record in read]
        assert None not in read
        assert array.to_pylist() == expected
    return True


def dumped(record: dict[str, Any], escape: bool) -> bytes:
    return json.dumps(record, ensure_ascii=escape).encode("utf-8", "surrogatepass")


@given(st.lists(st.tuples(plain, st.booleans()), min_size=1, max_size=5))
def test_plain_records_use_the_fast_path(rows: list[tuple[dict[str, Any], bool]]) -> None:
    lines = [dumped(record, escape) for record, escape in rows]
    assert check(lines) or any(b"\\ud" in line for line in lines)


@given(st.lists(st.tuples(records, st.booleans()), max_size=5))
def test_random_records(rows: list[tuple[dict[str, Any], bool]]) -> None:
    check([dumped(record, escape) for record, escape in rows])


@given(st.lists(st.sampled_from(STRAY), max_size=4), st.sampled_from(['{"a":"x"}', '{"a":1}']))
def test_invalid_lines(stray: list[str], first: str) -> None:
    check([first.encode(), *(line.encode() for line in stray)])


@given(st.lists(plain, min_size=1, max_size=3), st.data())
def test_corrupted_bytes(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    text = bytearray(b"\n".join(dumped(record, False) for record in rows))
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(text).split(b"\n"))


def test_types_are_inferred_from_the_records() -> None:
    lines = [b'{"a":"x","b":1}', b'{"b":2,"a":null}', b'{"c":[1]}']
    found = quick_columns(lines, WANTED)
    assert found is not None
    assert [array.type for array in found] == [pa.string(), pa.int64()]
    assert [array.to_pylist() for array in found] == [["x", None, None], [1, 2, None]]


@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_nesting_does_not_use_the_fast_path(depth: int) -> None:
    deep = b'{"a":1,"c":' + b"[" * depth + b"]" * depth + b"}"
    check([b'{"a":1}', deep])
