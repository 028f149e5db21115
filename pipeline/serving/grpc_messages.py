"""Answers gRPC requests whose bytes are not a message of the method's type.

gRPC for Python would log a traceback for each one, and answer with the status UNKNOWN.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from pipeline.serving.metrics import Metrics
from pipeline.serving.request_error import Code


@dataclass(frozen=True)
class _Damaged:
    """Takes the place of a message that cannot be parsed."""

    message: str


class MessageCheck(grpc.aio.ServerInterceptor):
    """Ends calls with a damaged message with the status INVALID_ARGUMENT."""

    def __init__(self, metrics: Metrics) -> None:
        """Takes the metrics, which count damaged messages as calls of the method `malformed`."""
        self._metrics = metrics
        self._handlers: dict[str, grpc.RpcMethodHandler] = {}

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any
    ) -> grpc.RpcMethodHandler | None:
        """Returns the handler of a method with the check; None for an unknown method."""
        method = handler_call_details.method
        if method not in self._handlers:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None
            self._handlers[method] = self._checked(handler)
        return self._handlers[method]

    def _checked(self, handler: grpc.RpcMethodHandler) -> grpc.RpcMethodHandler:
        async def answer(request: Any, context: Any) -> Any:
            await self._refuse_damaged(request, context)
            return await handler.unary_unary(request, context)

        async def stream(request: Any, context: Any) -> None:
            await self._refuse_damaged(request, context)
            await handler.unary_stream(request, context)

        def parse(content: bytes) -> Any:
            try:
                return handler.request_deserializer(content)
            except DecodeError as error:
                return _Damaged(f"the message cannot be parsed: {error}")

        serialise = handler.response_serializer
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(stream, parse, serialise)
        return grpc.unary_unary_rpc_method_handler(answer, parse, serialise)

    async def _refuse_damaged(self, request: Any, context: Any) -> None:
        """Ends the call if its message is damaged."""
        if isinstance(request, _Damaged):
            code = Code.INVALID_ARGUMENT
            self._metrics.observe_request("grpc", "malformed", code.name, 0.0)
            await context.abort(code, request.message)
