"""The health service of gRPC: `grpc.health.v1.Health` with Check and Watch.

https://github.com/grpc/grpc/blob/v1.65.5/doc/health-checking.md

The messages are those of grpcio-health-checking. Its servicer is not used: the release for the
older version set notifies no other watcher of a service after one of them has left, and no release
ends a Watch when the server stops, which would therefore wait for its clients.
"""

import asyncio
from typing import Any

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from tensorflow_serving.apis import model_service_pb2, prediction_service_pb2

from pipeline.serving.version_manager import VersionManager

SERVICE = "grpc.health.v1.Health"
_WHOLE_SERVER = ""
_SERVICES = (
    prediction_service_pb2.DESCRIPTOR.services_by_name["PredictionService"].full_name,
    model_service_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name,
)


class HealthService:
    """The health of the server, of its services and of its model, which all have one status.

    It is SERVING from the first version until the server stops: a version is replaced by another
    one, and never unloaded without.
    """

    def __init__(self, manager: VersionManager) -> None:
        """Takes the versions."""
        self._manager = manager
        self._names = {_WHOLE_SERVER, *_SERVICES, manager.name}
        self._stopped = asyncio.Event()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Adds the service to a server."""
        parse, serialise = HealthCheckRequest.FromString, HealthCheckResponse.SerializeToString
        handlers = {
            "Check": grpc.unary_unary_rpc_method_handler(self._check, parse, serialise),
            "Watch": grpc.unary_stream_rpc_method_handler(self._watch, parse, serialise),
        }
        handler = grpc.method_handlers_generic_handler(SERVICE, handlers)
        server.add_generic_rpc_handlers((handler,))

    def stop(self) -> None:
        """Sets the status to NOT_SERVING, sends it to all watchers and ends their calls."""
        self._stopped.set()

    async def _check(self, request: Any, context: Any) -> HealthCheckResponse:
        """Returns the status of a service, or the error NOT_FOUND for an unknown one."""
        if request.service not in self._names:
            known = ", ".join(map(repr, sorted(self._names)))
            await context.abort(grpc.StatusCode.NOT_FOUND, f"unknown service; expected {known}")
        return self._response(request.service)

    async def _watch(self, request: Any, context: Any) -> None:
        """Sends the status of a service now, and when the server stops."""
        await context.write(self._response(request.service))
        await self._stopped.wait()
        await context.write(self._response(request.service))

    def _response(self, service: str) -> HealthCheckResponse:
        if service not in self._names:
            return HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN)
        is_serving = self._manager.newest is not None and not self._stopped.is_set()
        status = HealthCheckResponse.SERVING if is_serving else HealthCheckResponse.NOT_SERVING
        return HealthCheckResponse(status=status)
