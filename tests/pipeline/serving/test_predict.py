"""Predict requests over both interfaces of a server with two versions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components.indexer.probe.served_model import ServedModel
from pipeline.commands.recommend import open_model
from schemas import serving
from tests.pipeline.serving.predict_requests import by_column, by_row, predict_request
from tests.pipeline.serving.running_server import RunningServer
from tests.pipeline.serving.small_model import ROW, requests, texts


@pytest.mark.parametrize(("name", "inputs"), requests())
def test_both_interfaces_answer_like_the_session(
    server: RunningServer, models: dict[str, Path], name: str, inputs: dict[str, Any]
) -> None:
    expected = ServedModel(str(models["b"]))(name, inputs)

    status, columns = server.predict(by_column(name, inputs))
    assert status == 200
    outputs = columns["outputs"]
    outputs = outputs if isinstance(outputs, dict) else {serving.OUTPUT_EMBEDDING: outputs}
    assert set(outputs) == set(expected)
    for key, values in expected.items():
        check_equal(outputs[key], values)

    _, rows = server.predict(by_row(name, inputs))
    for number, row in enumerate(rows["predictions"]):
        named = row if isinstance(row, dict) else {serving.OUTPUT_EMBEDDING: row}
        for key, values in expected.items():
            check_equal(named[key], values[number])

    answer = server.predictions.Predict(predict_request(name, inputs))
    assert (answer.model_spec.version.value, answer.model_spec.signature_name) == (2, name)
    for key, values in expected.items():
        np.testing.assert_array_equal(tf.make_ndarray(answer.outputs[key]), values)


def check_equal(found: Any, expected: Any) -> None:
    values = np.array(found)
    if expected.dtype == object:
        values = texts(values)
    np.testing.assert_array_equal(values.astype(expected.dtype), expected)


@pytest.mark.parametrize(
    ("spec", "mark"),
    [("", 200), ("/versions/1", 100), ("/versions/2", 200), ("/labels/stable", 100)],
)
def test_a_version_is_chosen_by_number_or_label(
    server: RunningServer, spec: str, mark: int
) -> None:
    status, answer = server.predict({"instances": [ROW]}, spec)
    assert status == 200
    assert answer["predictions"][0]["score"] == [mark + 2] * 4


def test_a_tensor_of_strings_without_values_has_empty_ones(server: RunningServer) -> None:
    request = predict_request(*requests()[0])
    request.inputs["history_item_id"].ClearField("string_val")
    answer = server.predictions.Predict(request)
    assert tf.make_ndarray(answer.outputs["score"])[0, 0] == 200


def test_outputs_are_filtered(server: RunningServer) -> None:
    request = predict_request(*requests()[0])
    request.output_filter.append("score")
    assert list(server.predictions.Predict(request).outputs) == ["score"]


def test_the_command_recommend_asks_the_server(server: RunningServer) -> None:
    found = open_model(server.model_url)("user1", ["item1"], 2)
    assert [(item.item_id, item.score) for item in found] == [("item0", 201), ("item1", 201)]
