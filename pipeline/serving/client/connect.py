"""Connects to a served model."""

from pipeline.serving.client.address import HTTP_SCHEMES, parse_address
from pipeline.serving.client.client import TIMEOUT_S, Client
from pipeline.serving.client.grpc_transport import GrpcTransport
from pipeline.serving.client.rest_transport import RestTransport
from pipeline.serving.client.retries import RetryPolicy
from pipeline.serving.client.transport import Transport


def connect(
    address: str, *, timeout_s: float = TIMEOUT_S, retries: RetryPolicy | None = None
) -> Client:
    """Returns a client of the model at an address; nothing is sent yet.

    Args:
      address: `http://HOST:PORT/v1/models/NAME` (or https) for REST, `grpc://HOST:PORT/NAME` for
        gRPC; after the name `/versions/N` or `/labels/LABEL`, without which it is the newest
        version.
      timeout_s: How long a call may take, with all its attempts.
      retries: How often a request is attempted; by default that of `RetryPolicy()`.

    Raises:
      InputError: It is not an address of a model.
    """
    parsed = parse_address(address)
    is_http = parsed.scheme in HTTP_SCHEMES
    transport: Transport = RestTransport(parsed) if is_http else GrpcTransport(parsed)
    return Client(transport, timeout_s=timeout_s, retries=retries)
