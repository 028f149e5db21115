"""Reads the body of an HTTP request, whatever its client does."""

import asyncio

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from pipeline.serving.request_error import Code, RequestError, invalid

_DAMAGED = (HttpProcessingError, web.RequestPayloadError)


async def read_body(request: web.Request, seconds: float) -> bytes:
    """Returns the body of a request, decompressed.

    Args:
      request: The request.
      seconds: How long the body may take to arrive.

    Raises:
      RequestError: The chunks or the compression are damaged, or the client closed the connection.
      HTTPRequestTimeout: The body does not arrive in time.
      HTTPRequestEntityTooLarge: It exceeds the largest size of the application.
    """
    try:
        if request.content.is_eof():
            # All of it is here, as usual: the task that `wait_for` starts would cost more.
            return await request.read()
        return await asyncio.wait_for(request.read(), seconds)
    except asyncio.TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except _DAMAGED as error:
        raise invalid(f"the body cannot be read: {' '.join(str(error).split())}") from error
    except ConnectionError as error:
        raise RequestError(Code.CANCELLED, "the client closed the connection") from error
