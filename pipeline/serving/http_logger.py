"""The logger of the HTTP server, without the faults of clients.

aiohttp logs a request that is not HTTP, and a client that leaves, with a traceback as if the server
had failed. Such a request is answered with 400, and a port that is scanned would fill the log.
"""

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

_CLIENT_FAULTS = (HttpProcessingError, web.RequestPayloadError, ConnectionError)


def http_logger() -> logging.Logger:
    """Returns the logger, which drops records of errors that a client caused."""
    logger = logging.getLogger(__name__)
    # Adding the same filter again changes nothing.
    logger.addFilter(_is_fault_of_the_server)
    return logger


def _is_fault_of_the_server(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], _CLIENT_FAULTS))
