"""The health service of gRPC."""

import asyncio
from pathlib import Path

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from pipeline.serving.health_service import HealthService
from pipeline.serving.model_source import ModelSource
from pipeline.serving.version_manager import VersionManager
from tests.pipeline.serving.running_server import running_server
from tests.pipeline.serving.test_version_manager import FakeLoader

NAMES = (
    "",
    "a",
    "tensorflow.serving.PredictionService",
    "tensorflow.serving.ModelService",
)


def test_a_server_sends_its_health_until_it_stops(models: dict[str, Path]) -> None:
    with running_server(models["a"]) as run:
        channel = grpc.insecure_channel(f"127.0.0.1:{run.server.grpc_port}")
        stub = HealthStub(channel)
        for name in NAMES:
            answer = stub.Check(HealthCheckRequest(service=name))
            assert answer.status == HealthCheckResponse.SERVING, name
        with pytest.raises(grpc.RpcError, match="unknown service; expected '', 'a', ") as caught:
            stub.Check(HealthCheckRequest(service="b"))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND

        watches = [stub.Watch(HealthCheckRequest(service=name)) for name in ("", "", "a", "b")]
        first = [next(watch).status for watch in watches]
        watches.pop(0).cancel()

    assert first == [HealthCheckResponse.SERVING] * 3 + [HealthCheckResponse.SERVICE_UNKNOWN]
    rest = [[answer.status for answer in watch] for watch in watches]
    not_serving, unknown = [HealthCheckResponse.NOT_SERVING], [HealthCheckResponse.SERVICE_UNKNOWN]
    assert rest == [not_serving, not_serving, unknown]
    assert {watch.code() for watch in watches} == {grpc.StatusCode.OK}
    channel.close()


def test_a_server_without_a_version_does_not_serve(tmp_path: Path) -> None:
    async def main() -> int:
        server = grpc.aio.server()
        manager = VersionManager(ModelSource("a", str(tmp_path)), FakeLoader())
        HealthService(manager).add_to(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            answer = await HealthStub(channel).Check(HealthCheckRequest())
        await server.stop(None)
        return int(answer.status)

    assert asyncio.run(main()) == HealthCheckResponse.NOT_SERVING
