"""Arrays as JSON values of the REST API, and back."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.serving.client.json_values import json_value, output_arrays
from pipeline.serving.client.signature import DataType, Signature, TensorInfo, as_array, as_texts

TEXTS = TensorInfo(DataType.DT_STRING, (None, None))
SCORES = TensorInfo(DataType.DT_FLOAT, (None, None))
BOTH = Signature({}, {"item_id": TEXTS, "score": SCORES})
# An empty list has the shape of its own level only.
shapes = hnp.array_shapes(min_dims=1, max_dims=3, max_side=3)


@given(st.data())
def test_values_survive_json(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(list(DataType)))
    if dtype is DataType.DT_STRING:
        elements = st.one_of(st.text(max_size=5), st.binary(max_size=5))
        values = data.draw(hnp.arrays(object, shapes, elements=elements, fill=st.nothing()))
    else:
        values = data.draw(hnp.arrays(dtype.numpy, shapes))
    info = TensorInfo(dtype, None)
    array = as_array("x", values, info)

    text = json.dumps(json_value(array), ensure_ascii=False)
    back = output_arrays(json.loads(text.encode()), Signature({}, {"x": info}))["x"]

    np.testing.assert_array_equal(back, as_texts(array) if array.dtype == object else array)


def test_the_name_of_a_single_output_is_left_out() -> None:
    only = Signature({}, {"embedding": SCORES})
    assert output_arrays([[1, 2]], only)["embedding"].tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1.0]], "the outputs are list; expected item_id, score"),
        ({"item_id": [["a"]]}, "the outputs are item_id; expected item_id, score"),
        ({"item_id": [["a"]], "score": [[1.0], [1.0, 2.0]]}, "score: "),
        ({"item_id": [["a"]], "score": [["x"]]}, "score: could not convert"),
        ({"item_id": [[1]], "score": [[1.0]]}, "item_id: 1 is not a text"),
        ({"item_id": [[None]], "score": [[1.0]]}, "item_id: None is not a text"),
    ],
)
def test_other_outputs_are_errors(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        output_arrays(value, BOTH)
