"""Runs the server: both interfaces, the polls of the folder of versions, and a clean shutdown."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import grpc
from aiohttp import web

from pipeline.serving.batching import Batcher, BatchSettings
from pipeline.serving.grpc_messages import MessageCheck
from pipeline.serving.grpc_services import add_services
from pipeline.serving.health_service import HealthService
from pipeline.serving.http_logger import http_logger
from pipeline.serving.limits import Limits
from pipeline.serving.loader import Loader
from pipeline.serving.metrics import Metrics
from pipeline.serving.model_source import ModelSource
from pipeline.serving.predictor import Predictor
from pipeline.serving.rest_app import RestApp
from pipeline.serving.traffic_log import TrafficLog, TrafficSettings
from pipeline.serving.version_manager import VersionManager
from schemas.errors import InputError

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerSettings:
    """How a model is served.

    Attributes:
      host: Address to listen on; the default is not reachable from other machines.
      rest_port: Port of the REST API, 0 for a free one.
      grpc_port: Port of the gRPC services, 0 for a free one.
      poll_s: Time between two looks at the folder of versions.
      shutdown_s: How long requests in flight may take at the end.
      batches: When requests are joined.
      limits: The largest requests.
      traffic: What is logged of requests and answers; None for nothing.
    """

    host: str = "127.0.0.1"
    rest_port: int = 8501
    grpc_port: int = 8500
    poll_s: float = 2.0
    shutdown_s: float = 10.0
    batches: BatchSettings = field(default_factory=BatchSettings)
    limits: Limits = field(default_factory=Limits)
    traffic: TrafficSettings | None = None


class ModelServer:
    """A server of one model.

    Attributes:
      manager: The versions.
      rest_port: Port of the REST API, once started.
      grpc_port: Port of the gRPC services, once started.
    """

    def __init__(
        self, source: ModelSource, settings: ServerSettings, report: Callable[[str], None]
    ) -> None:
        """Starts nothing yet but the thread of the traffic log.

        Args:
          source: The versions on disk.
          settings: How they are served.
          report: Receives one line for each change and each fault.

        Raises:
          InputError: The traffic log cannot be written.
        """
        self._settings = settings
        metrics = Metrics()
        self._traffic: TrafficLog | None = None
        if settings.traffic is not None:
            self._traffic = TrafficLog(settings.traffic, metrics.count_traffic)
        self._loader = Loader()
        self._batcher = Batcher(settings.batches, metrics.observe_batch)
        self.manager = VersionManager(source, self._loader, report)
        self._predictor = Predictor(self.manager, self._batcher, settings.limits, self._traffic)
        self._health = HealthService(self.manager)
        self.metrics = metrics
        self._runner: web.AppRunner | None = None
        self._grpc: grpc.aio.Server | None = None
        self.rest_port = self.grpc_port = 0

    async def start(self) -> None:
        """Takes the ports, loads the first versions and answers requests.

        Raises:
          InputError: A port is in use, or no version can be loaded.
        """
        app = RestApp(self._predictor, self.metrics).application()
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=http_logger(),
            # From the start of a connection or the last answer to the end of the next head.
            keepalive_timeout=self._settings.limits.body_seconds,
            shutdown_timeout=self._settings.shutdown_s,
        )
        await self._runner.setup()
        self._grpc = self._bound_grpc_server()
        await self._listen_to_rest(self._runner)
        await self.manager.poll()
        if self.manager.newest is None:
            raise InputError("; ".join(s.error for s in self.manager.statuses.values() if s.error))
        await self._grpc.start()

    async def poll_forever(self) -> None:
        """Looks for new versions and labels until it is cancelled."""
        while True:
            await asyncio.sleep(self._settings.poll_s)
            try:
                await self.manager.poll()
            except OSError as error:
                _LOGGER.warning("the folder of versions cannot be read: %s", error)
            except Exception:
                # The versions that are served stay as they are.
                _LOGGER.exception("the look at the folder of versions failed")

    async def stop(self) -> None:
        """Answers the requests in flight, closes the ports and unloads the versions."""
        self._health.stop()
        if self._grpc is not None:
            await self._grpc.stop(self._settings.shutdown_s)
        if self._runner is not None:
            await self._runner.cleanup()
        await self.manager.close()
        self._batcher.stop()
        if self._traffic is not None:
            self._traffic.close(self._settings.shutdown_s)
        self._loader.stop()

    def _bound_grpc_server(self) -> grpc.aio.Server:
        limit = self._settings.limits.body_bytes
        options = [
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", limit),
            ("grpc.max_send_message_length", -1),
        ]
        server = grpc.aio.server(interceptors=[MessageCheck(self.metrics)], options=options)
        add_services(server, self._predictor, self.metrics)
        self._health.add_to(server)
        address = f"{self._settings.host}:{self._settings.grpc_port}"
        try:
            self.grpc_port = server.add_insecure_port(address)
        except RuntimeError as error:
            raise _cannot_listen(address, "--grpc-port", error) from error
        return server

    async def _listen_to_rest(self, runner: web.AppRunner) -> None:
        host, port = self._settings.host, self._settings.rest_port
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise _cannot_listen(f"{host}:{port}", "--port", error) from error
        self.rest_port = runner.addresses[0][1]


def _cannot_listen(address: str, option: str, error: Exception) -> InputError:
    return InputError(
        f"{address}: cannot be listened on ({error}); another program may use the port, or the "
        f"machine may not have the address: give another {option} or --host"
    )
