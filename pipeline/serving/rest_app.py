"""The HTTP interface: TF Serving's REST API, health and metrics."""

import json
import logging
import time
from typing import Any

from aiohttp import web

from pipeline.serving import rest_values
from pipeline.serving.http_body import read_body
from pipeline.serving.metrics import CONTENT_TYPE, Metrics
from pipeline.serving.model_documents import metadata_document, status_document
from pipeline.serving.other_methods import refusal
from pipeline.serving.predictor import Predictor
from pipeline.serving.request_error import Code, RequestError, invalid
from pipeline.serving.rest_path import RestCall, parse_path
from pipeline.serving.version_manager import ModelSpec

_LOGGER = logging.getLogger(__name__)
# The second path is that of TF Serving.
_METRICS_PATHS = ("/metrics", "/monitoring/prometheus/metrics")


class RestApp:
    """Handles HTTP requests."""

    def __init__(self, predictor: Predictor, metrics: Metrics) -> None:
        """Takes what answers predict requests, and the metrics to record and to show."""
        self._predictor = predictor
        self._manager = predictor.manager
        self._metrics = metrics

    def application(self) -> web.Application:
        """Returns the application with all paths."""
        app = web.Application(client_max_size=self._predictor.limits.body_bytes)
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        for path in _METRICS_PATHS:
            app.router.add_get(path, self._show_metrics)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _alive(self, request: web.Request) -> web.Response:
        """Answers 200 while the server runs."""
        return _json_response({"status": "alive"})

    async def _ready(self, request: web.Request) -> web.Response:
        """Answers 200 if a version is served, else 503."""
        newest = self._manager.newest
        if newest is None:
            return _json_response({"status": "no version is served"}, 503)
        return _json_response({"status": "ready", "version": str(newest)})

    async def _show_metrics(self, request: web.Request) -> web.Response:
        skipped = sum(bool(status.error) for status in self._manager.statuses.values())
        self._metrics.set_versions(self._manager.newest, self._manager.labels, skipped)
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _handle(self, request: web.Request) -> web.Response:
        """Answers a request of the REST API, and records it."""
        started = time.perf_counter()
        method, code = "malformed", Code.OK
        try:
            call = parse_path(request.method, request.rel_url.raw_path)
            method = call.method
            response = await self._answer(call, request)
        except RequestError as error:
            code = error.code
            response = _error_response(error.message, error.http_status)
        except web.HTTPRequestEntityTooLarge:
            code = Code.RESOURCE_EXHAUSTED
            limit = self._predictor.limits.body_bytes
            response = _error_response(f"the body exceeds {limit} bytes (body_bytes)", 413)
        except web.HTTPRequestTimeout:
            code = Code.DEADLINE_EXCEEDED
            seconds = self._predictor.limits.body_seconds
            response = _error_response(
                f"the body did not arrive within {seconds} s (body_seconds)", 408
            )
        except Exception:
            _LOGGER.exception("%s %s", request.method, request.path)
            code = Code.INTERNAL
            response = _error_response("internal error; the server printed the details", 500)
        self._metrics.observe_request("rest", method, code.name, time.perf_counter() - started)
        return response

    async def _answer(self, call: RestCall, request: web.Request) -> web.Response:
        if call.method == "predict":
            body = await read_body(request, self._predictor.limits.body_seconds)
            return await self._predict(call.spec, body)
        if call.method == "status":
            return _json_response(self._status(call.spec))
        servable = self._manager.find(call.spec)
        if call.method == "metadata":
            name = self._manager.name
            return _json_response(metadata_document(name, servable.version, servable.definitions))
        raise refusal(servable, f"tensorflow/serving/{call.method}")

    async def _predict(self, spec: ModelSpec, body: bytes) -> web.Response:
        parsed = rest_values.parse_body(body)
        prediction = await self._predictor.predict(
            spec,
            parsed.signature_name,
            lambda signature: rest_values.decode_inputs(parsed, signature),
            _unknown_signature,
        )
        return _response(rest_values.encode_outputs(prediction.outputs, parsed.by_row))

    def _status(self, spec: ModelSpec) -> dict[str, Any]:
        return status_document(self._manager.statuses_of(spec))


def _unknown_signature(name: str) -> RequestError:
    return invalid(f'Serving signature name: "{name}" not found in signature def')


def _json_response(document: dict[str, Any], status: int = 200) -> web.Response:
    return _response(json.dumps(document, indent=1).encode(), status)


def _error_response(message: str, status: int) -> web.Response:
    return _response(rest_values.encode_error(message), status)


def _response(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")
