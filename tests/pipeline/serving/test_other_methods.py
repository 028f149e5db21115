"""Classify, Regress and MultiInference, for which pushed models have no signatures."""

import grpc
import pytest
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2

from tests.pipeline.serving.running_server import RunningServer


@pytest.mark.parametrize(
    ("signature", "code", "message"),
    [
        ("", "INVALID_ARGUMENT", "Expected {0} signature method_name to be tensorflow/serving/{1}"),
        ("similar_items", "INVALID_ARGUMENT", "Was: tensorflow/serving/predict"),
        ("f", "INVALID_ARGUMENT", "No signature was found with the name: f"),
    ],
    ids=["default", "named", "unknown"],
)
def test_other_methods_answer_that_there_is_no_such_signature(
    server: RunningServer, signature: str, code: str, message: str
) -> None:
    classify = classification_pb2.ClassificationRequest()
    regress = regression_pb2.RegressionRequest()
    several = inference_pb2.MultiInferenceRequest()
    task = several.tasks.add(method_name="tensorflow/serving/regress")
    for spec in (classify.model_spec, regress.model_spec, task.model_spec):
        spec.name, spec.signature_name = "shop", signature
    calls = [
        (server.predictions.Classify, classify, ("classification", "classify")),
        (server.predictions.Regress, regress, ("regression", "regress")),
        (server.predictions.MultiInference, several, ("regression", "regress")),
    ]
    for method, request, words in calls:
        with pytest.raises(grpc.RpcError, match=message.format(*words)) as caught:
            method(request)
        assert caught.value.code().name == code


def test_several_inferences_need_a_model_and_a_known_method(server: RunningServer) -> None:
    request = inference_pb2.MultiInferenceRequest()
    with pytest.raises(grpc.RpcError, match="ModelSpec has no name specified"):
        server.predictions.MultiInference(request)
    request.tasks.add(method_name="explain").model_spec.name = "shop"
    with pytest.raises(grpc.RpcError, match="Unsupported signature method_name: explain") as caught:
        server.predictions.MultiInference(request)
    assert caught.value.code().name == "UNIMPLEMENTED"
