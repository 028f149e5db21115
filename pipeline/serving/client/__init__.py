"""A client of served models: of TF Serving and of `twotower serve`, by REST and by gRPC.

It imports neither TensorFlow nor ScaNN. `connect` returns a `Client`, whose errors are
`ServingError`s.
"""

from pipeline.serving.client.client import Client, Item
from pipeline.serving.client.connect import connect
from pipeline.serving.client.errors import (
    DeadlineExceededError,
    InvalidRequestError,
    NotFoundError,
    ServingError,
    UnavailableError,
    UnexpectedResponseError,
)
from pipeline.serving.client.recommend_inputs import Request
from pipeline.serving.client.retries import RetryPolicy

__all__ = [
    "Client",
    "DeadlineExceededError",
    "InvalidRequestError",
    "Item",
    "NotFoundError",
    "Request",
    "RetryPolicy",
    "ServingError",
    "UnavailableError",
    "UnexpectedResponseError",
    "connect",
]
