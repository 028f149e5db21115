"""Which requests the page's server answers, and the headers of all its answers.

Other web pages that are open in the same browser can send requests to this machine, too. With a
host name that they resolve to this machine (DNS rebinding,
https://owasp.org/www-community/attacks/DNS_Rebinding), they could also read the answers, so that
only the names of this machine are accepted as host.
"""

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from pipeline.serving.request_error import Code, RequestError

_LOGGER = logging.getLogger(__name__)
_HOST_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers a request, if it comes from the page itself or from a program of this machine.

    All errors are answered as JSON, with their message as `error`.
    """
    try:
        _check_source(request)
        response = await handler(request)
    except RequestError as error:
        response = _error_response(error.message, error.http_status)
    except web.HTTPRequestTimeout:
        response = _error_response("the body did not arrive in time", 408)
    except web.HTTPException as error:
        response = _error_response(error.reason, error.status)
    except Exception:
        _LOGGER.exception("%s %s", request.method, request.path)
        response = _error_response("internal error; the command printed the details", 500)
    response.headers.update(HEADERS)
    return response


def _check_source(request: web.Request) -> None:
    """Checks which page sent a request.

    Raises:
      RequestError: It is another page, or may be.
    """
    host = request.headers.get("Host", "")
    if _host_name(host) not in _HOST_NAMES:
        raise _forbidden(
            f"Host {host!r}: expected 127.0.0.1, localhost or [::1]; open the address that "
            "`twotower explore` printed"
        )
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{host}":
        raise _forbidden(f"Origin {origin!r}: expected http://{host}")
    if request.method == "POST" and request.content_type != "application/json":
        raise RequestError(
            Code.INVALID_ARGUMENT,
            f"Content-Type {request.content_type!r}: expected application/json",
        )


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _forbidden(message: str) -> RequestError:
    return RequestError(Code.PERMISSION_DENIED, message)


def _error_response(message: str, status: int) -> web.Response:
    return web.json_response({"error": message}, status=status)
