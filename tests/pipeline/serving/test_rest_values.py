import base64
import contextlib
import json
import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.serving.json_tensors import shown
from pipeline.serving.request_error import RequestError
from pipeline.serving.rest_values import decode_inputs, encode_outputs, parse_body
from pipeline.serving.signature import Arrays, Signature, TensorInfo

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
SHAPES = st.tuples(st.integers(1, 3), st.integers(0, 3))


def text_arrays(values: st.SearchStrategy[bytes]) -> st.SearchStrategy[Any]:
    return SHAPES.flatmap(
        lambda shape: hnp.arrays(object, shape, elements=values, fill=st.nothing())
    )


ARRAYS: dict[tf.DType, st.SearchStrategy[Any]] = {
    tf.string: text_arrays(TEXTS.map(str.encode)),
    tf.float32: SHAPES.flatmap(lambda shape: hnp.arrays(np.float32, shape)),
    tf.float64: SHAPES.flatmap(lambda shape: hnp.arrays(np.float64, shape)),
    tf.int32: SHAPES.flatmap(lambda shape: hnp.arrays(np.int32, shape)),
    tf.int64: SHAPES.flatmap(lambda shape: hnp.arrays(np.int64, shape)),
    tf.bool: SHAPES.flatmap(lambda shape: hnp.arrays(np.bool_, shape)),
}


def signature(**dtypes: tf.DType) -> Signature:
    infos = {name: TensorInfo(f"{name}:0", dtype, (None, None)) for name, dtype in dtypes.items()}
    return Signature("f", "tensorflow/serving/predict", infos, infos)


def decoded(document: Any, called: Signature) -> Arrays:
    return decode_inputs(parse_body(json.dumps(document).encode()), called)


@pytest.mark.parametrize("by_row", [True, False])
@pytest.mark.parametrize("dtype", ARRAYS, ids=lambda dtype: dtype.name)
@settings(max_examples=40)
@given(data=st.data())
def test_an_output_is_read_back_as_an_input(
    dtype: tf.DType, by_row: bool, data: st.DataObject
) -> None:
    values = data.draw(ARRAYS[dtype])
    arrays = {"x": values, "y": values}
    document = json.loads(encode_outputs(arrays, by_row))
    request = {"instances": document["predictions"]} if by_row else {"inputs": document["outputs"]}

    found = decoded(request, signature(x=dtype, y=dtype))

    for name in arrays:
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize("by_row", [True, False])
@given(values=text_arrays(st.binary(max_size=5)))
def test_any_bytes_of_a_bytes_output_are_read_back(by_row: bool, values: Any) -> None:
    document = json.loads(encode_outputs({"x_bytes": values}, by_row))
    (value,) = document.values()
    request = {"instances" if by_row else "inputs": value}

    found = decoded(request, signature(x_bytes=tf.string))

    np.testing.assert_array_equal(found["x_bytes"], values)


@given(st.binary(max_size=60))
def test_any_body_is_an_answer_or_an_error_of_the_request(body: bytes) -> None:
    with contextlib.suppress(RequestError):
        decode_inputs(parse_body(body), signature(x=tf.string))


def test_strings_in_base64_and_plain_are_mixed() -> None:
    rows = [[{"b64": base64.b64encode(b"\xff\x00").decode()}, "é"]]

    found = decoded({"instances": [{"x": row} for row in rows]}, signature(x=tf.string))

    assert found["x"].tolist() == [[b"\xff\x00", "é".encode()]]


def test_the_name_of_a_single_tensor_is_left_out() -> None:
    called = signature(x=tf.float32)
    for document in (
        {"instances": [[1, 2.5]]},
        {"inputs": [[1, 2.5]]},
        {"inputs": {"x": [[1, 2.5]]}},
    ):
        assert decoded(document, called)["x"].tolist() == [[1.0, 2.5]]
    values = np.array([[0.2, 1.0]], np.float32)
    assert json.loads(encode_outputs({"x": values}, True)) == {"predictions": [[0.2, 1.0]]}
    assert json.loads(encode_outputs({"x": values}, False)) == {"outputs": [[0.2, 1.0]]}


def test_numbers_are_written_short_and_special_ones_as_in_javascript() -> None:
    values = np.array([0.2, np.nan, np.inf, -np.inf, 16777216, -3.4028235e38], np.float32)

    body = encode_outputs({"x": values}, False)

    assert body == b'{"outputs":[0.2,NaN,Infinity,-Infinity,16777216.0,-3.4028235e+38]}'
    read = decoded(json.loads(body.replace(b"outputs", b"inputs")), signature(x=tf.float32))["x"]
    np.testing.assert_array_equal(read, values)


def test_empty_lists_have_a_shape() -> None:
    called = signature(x=tf.string, y=tf.int64)
    found = decoded({"instances": [{"x": [], "y": 1}, {"x": [], "y": 2}]}, called)
    assert found["x"].shape == (2, 0)
    assert found["y"].tolist() == [1, 2]


def test_what_follows_the_document_is_ignored() -> None:
    body = parse_body(b' {"signature_name": "f", "inputs": [1]} trailing')
    assert (body.signature_name, body.values, body.by_row) == ("f", [1], False)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"{", "JSON Parse error: "),
        (b'{"inputs": ["\xff"]}', "JSON Parse error: Invalid encoding"),
        (b"[" * 100_000, "JSON Parse error: "),
        (b"[1]", "JSON Value: [1] Is not object"),
        (b"{}", "Missing 'inputs' or 'instances' key"),
        (b'{"inputs": 1, "instances": [1]}', "only one of 'inputs' or 'instances'"),
        (b'{"instances": 1}', "Expecting 'instances' to be an list/array"),
        (b'{"instances": []}', "No values in 'instances' array"),
        (b'{"signature_name": 1, "inputs": 1}', "'signature_name' key must be a string value"),
    ],
)
def test_a_malformed_body_has_the_message_of_tf_serving(body: bytes, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_body(body)
    assert message in caught.value.message
    assert caught.value.http_status == 400


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"instances": [1, 2]}, "instances is a plain list, but expecting list of objects"),
        ({"inputs": [1, 2]}, "inputs is a plain value/list, but expecting an object"),
        ({"inputs": {"x": ["a"]}}, "Missing named input: n in 'inputs' object."),
        ({"instances": [{"x": "a"}]}, "keys must be equal to: n,x"),
        ({"instances": [{"x": "a", "n": 1, "z": 1}]}, "does not have named input: z"),
        ({"instances": [{"x": "a", "n": 1}, 3]}, "Expecting object but got list at item 1"),
        (
            {"instances": [{"x": ["a"], "n": 1}, {"x": [], "n": 1}]},
            "Expecting tensor size: 1 but got: 0",
        ),
        (
            {"instances": [{"x": [["a"]], "n": 1}, {"x": ["a"], "n": 1}]},
            "Expecting shape [1,1] but got: [1]",
        ),
        ({"inputs": {"x": [["a"], []], "n": 1}}, "unexpected size: 0 at level: 1 expected size: 1"),
        ({"inputs": {"x": ["a", ["b"]], "n": 1}}, "Encountered list at unexpected level: 1"),
        ({"inputs": {"x": [["a"], "b"], "n": 1}}, "found at incorrect level: 2"),
        (
            {"inputs": {"x": 1, "n": 1}},
            "JSON Value: 1 Type: Number is not of expected type: string",
        ),
        ({"inputs": {"x": None, "n": 1}}, "Type: Null is not of expected type: string"),
        ({"inputs": {"x": "a", "n": 1.0}}, "is not of expected type: int32"),
        ({"inputs": {"x": "a", "n": True}}, "is not of expected type: int32"),
        ({"inputs": {"x": "a", "n": 2**31}}, "is not of expected type: int32"),
        ({"inputs": {"x": {"b64": "%"}, "n": 1}}, "Unable to base64 decode"),
        ({"inputs": {"x": {"c": "a"}, "n": 1}}, "not formatted correctly for base64 data"),
        ({"inputs": {"x": "\ud800", "n": 1}}, "surrogate pair"),
    ],
)
def test_values_that_do_not_fit_have_the_message_of_tf_serving(document: Any, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        decoded(document, signature(x=tf.string, n=tf.int32))
    assert message in caught.value.message


@pytest.mark.parametrize(
    "document",
    [
        '{"inputs": NESTED}',
        '{"inputs": {"x": NESTED}}',
        '{"instances": [NESTED]}',
        '{"instances": [1, NESTED]}',
        '{"instances": [{"x": NESTED}]}',
    ],
)
@pytest.mark.parametrize("depth", [33, 65, 900])
def test_lists_nested_too_deep_are_an_error(document: str, depth: int) -> None:
    nested = "[" * depth + "1" + "]" * depth
    body = parse_body(document.replace("NESTED", nested).encode())
    with pytest.raises(RequestError, match="lists in more than 16 lists"):
        decode_inputs(body, signature(x=tf.float32))


def test_only_the_beginning_of_a_value_is_shown() -> None:
    nested: Any = 1
    for _ in range(5000):
        nested = [nested]
    assert shown({"x": nested}) == '{"x": ' + "[" * 250
    assert shown({"b": [1.5, None, "\u00e9"]}) == json.dumps({"b": [1.5, None, "\u00e9"]})


def test_an_integer_that_no_float_holds_is_an_error() -> None:
    with pytest.raises(RequestError):
        decoded({"inputs": [10**400]}, signature(x=tf.float32))
    assert math.isinf(decoded({"inputs": [1e300]}, signature(x=tf.float32))["x"][0])


def test_outputs_with_different_numbers_of_rows_are_an_error_in_row_format() -> None:
    outputs = {"x": np.zeros(2), "y": np.zeros(3)}
    with pytest.raises(RequestError, match="y has inconsistent batch size: 3 expecting: 2"):
        encode_outputs(outputs, True)
    with pytest.raises(RequestError, match="x has no shape information"):
        encode_outputs({"x": np.array(1.0)}, True)
    assert json.loads(encode_outputs(outputs, False))["outputs"]["y"] == [0.0, 0.0, 0.0]


def test_strings_that_are_not_utf8_are_written_as_they_are() -> None:
    values = np.array([b"a\xff"], object)
    assert encode_outputs({"x": values}, False) == b'{"outputs":["a\xff"]}'
