"""A served model whose inputs change while a client runs."""

from collections.abc import Mapping

import numpy as np
import pytest
from grpc import StatusCode

from pipeline.serving.client import Client, InvalidRequestError, Item
from pipeline.serving.client.address import parse_address
from pipeline.serving.client.errors import serving_error
from pipeline.serving.client.signature import Arrays, DataType, Metadata, Signature, TensorInfo
from pipeline.serving.version_status import VersionStatus
from schemas.errors import InputError
from schemas.serving import RECOMMEND

TEXT = TensorInfo(DataType.DT_STRING, (None,))


class FakeTransport:
    """A model with some text inputs, which recommends one item."""

    address = parse_address("grpc://h:1/demo")

    def __init__(self, *inputs: str) -> None:
        self.inputs = set(inputs)
        self.calls: list[str] = []

    def predict(self, name: str, signature: Signature, inputs: Arrays, timeout_s: float) -> Arrays:
        """Answers a request with the inputs of the model."""
        self.calls.append("predict")
        if set(inputs) != self.inputs:
            raise serving_error(StatusCode.INVALID_ARGUMENT, "wrong inputs", str(self.address))
        return {"item_id": np.array([["a", ""]], object), "score": np.array([[1.0, -9.0]])}

    def metadata(self, timeout_s: float) -> Metadata:
        """Describes the inputs of the model."""
        self.calls.append("metadata")
        infos = dict.fromkeys(sorted(self.inputs), TEXT)
        return Metadata(1, {RECOMMEND: Signature(infos, {})})

    def status(self, timeout_s: float) -> Mapping[int, VersionStatus]:
        """Has no versions."""
        return {}

    def close(self) -> None:
        """Does nothing."""


def test_metadata_is_fetched_once() -> None:
    transport = FakeTransport("user_id")
    client = Client(transport)
    assert [client.recommend(user_id="u") for _ in range(3)] == [[Item("a", 1.0)]] * 3
    assert transport.calls == ["metadata", "predict", "predict", "predict"]


def test_a_request_is_filled_anew_for_changed_inputs() -> None:
    transport = FakeTransport("user_id")
    client = Client(transport)
    client.recommend()
    transport.inputs = {"user_id", "country"}
    assert client.recommend() == [Item("a", 1.0)]
    assert transport.calls[2:] == ["predict", "metadata", "predict"]


def test_a_new_feature_is_known_when_it_is_sent() -> None:
    transport = FakeTransport("user_id")
    client = Client(transport)
    client.recommend()
    transport.inputs = {"user_id", "country"}
    assert client.recommend(features={"country": "de"}) == [Item("a", 1.0)]


def test_a_wrong_request_is_not_sent_twice() -> None:
    transport = FakeTransport("user_id")
    client = Client(transport)
    client.recommend()
    with pytest.raises(InputError, match="features: 'town' is no feature"):
        client.recommend(features={"town": "x"})
    assert transport.calls[2:] == ["metadata"]


def test_an_error_of_the_server_is_raised_if_the_inputs_are_the_same() -> None:
    transport = FakeTransport("user_id")
    client = Client(transport)
    metadata = client.metadata()
    transport.inputs = {"country"}
    transport.metadata = lambda timeout_s: metadata  # type: ignore[method-assign]
    with pytest.raises(InvalidRequestError, match="wrong inputs"):
        client.recommend()
    assert transport.calls == ["metadata", "predict"]
