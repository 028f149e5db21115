"""Status, metadata, health and metrics of a server with two versions."""

import urllib.request

from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from schemas import serving
from tests.pipeline.serving.running_server import RunningServer
from tests.pipeline.serving.small_model import ROW


def test_the_status_of_versions(server: RunningServer) -> None:
    status, document = server.get("/v1/models/shop")
    ok = {"error_code": "OK", "error_message": ""}
    versions = [{"version": str(version), "state": "AVAILABLE", "status": ok} for version in (2, 1)]
    assert (status, document) == (200, {"model_version_status": versions})
    for spec in ("/versions/1", "/labels/stable"):
        assert server.get(f"/v1/models/shop{spec}")[1] == {"model_version_status": versions[1:]}

    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "shop"
    answer = server.models.GetModelStatus(request)
    assert [(s.version, s.state) for s in answer.model_version_status] == [(2, 30), (1, 30)]


def test_the_metadata_of_a_version(server: RunningServer) -> None:
    _, document = server.get("/v1/models/shop/labels/stable/metadata")
    assert document["model_spec"] == {"name": "shop", "signature_name": "", "version": "1"}
    signatures = document["metadata"]["signature_def"]["signature_def"]
    assert set(serving.SIGNATURES) <= set(signatures)
    default = signatures["serving_default"]
    assert default["method_name"] == "tensorflow/serving/predict"
    history = default["inputs"]["history_item_id"]
    assert history["dtype"] == "DT_STRING"
    size = {"size": "-1", "name": ""}
    assert history["tensor_shape"] == {"dim": [size, size], "unknown_rank": False}

    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "shop"
    answer = server.predictions.GetModelMetadata(request)
    definitions = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(definitions)
    assert answer.model_spec.version.value == 2
    assert set(definitions.signature_def) == set(signatures)


def test_health_and_metrics(server: RunningServer) -> None:
    server.predict({"instances": [ROW]})
    assert server.get("/healthz") == (200, {"status": "alive"})
    assert server.get("/readyz") == (200, {"status": "ready", "version": "2"})
    for path in ("/metrics", "/monitoring/prometheus/metrics"):
        with urllib.request.urlopen(server.url + path) as response:
            text = response.read().decode()
        assert 'twotower_requests_total{code="OK",interface="rest",method="predict"}' in text
        assert 'twotower_served_version{label="stable",version="1"} 1.0' in text
        assert 'twotower_batch_rows_count{signature="serving_default"}' in text
