"""The client by REST and by gRPC against the development server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pipeline.serving.client import (
    Client,
    InvalidRequestError,
    Item,
    NotFoundError,
    Request,
    ServingError,
    connect,
)
from pipeline.serving.version_status import State, VersionStatus
from schemas import serving
from schemas.errors import InputError
from tests.pipeline.serving.running_server import (
    RunningServer,
    publish,
    running_server,
    two_versions,
)
from tests.pipeline.serving.small_model import requests


@pytest.fixture(scope="module")
def server(
    models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("served")
    with two_versions(models, folder, body_bytes=20_000, rows=8) as run:
        yield run


def address(server: RunningServer, kind: str, spec: str = "", name: str = "shop") -> str:
    """The address of the model for a protocol."""
    if kind == "rest":
        return f"{server.url}/v1/models/{name}{spec}"
    return f"grpc://127.0.0.1:{server.server.grpc_port}/{name}{spec}"


@pytest.fixture(params=["rest", "grpc"])
def kind(request: pytest.FixtureRequest) -> str:
    value: str = request.param
    return value


@pytest.fixture
def client(server: RunningServer, kind: str) -> Iterator[Client]:
    with connect(address(server, kind), timeout_s=60) as connected:
        yield connected


def test_recommendations_have_no_padding(client: Client) -> None:
    found = client.recommend(user_id="user1", history=["item1", {"item_id": "item2"}], k=2)
    assert found == [Item("item0", 202.0), Item("item1", 202.0)]
    assert client.recommend() == [Item(f"item{rank}", 200.0) for rank in range(4)]
    assert len(client.recommend(k=6, timestamp=2**40)) == 6


def test_several_requests_are_answered_in_one_call(client: Client) -> None:
    requests = [Request(history=["item1"], k=1), Request(k=3), Request(history=["a", "b"], k=2)]
    found = client.recommend_all(requests)
    assert found == [client.recommend(history=request.history, k=request.k) for request in requests]
    assert [len(items) for items in found] == [1, 3, 2]
    assert client.recommend_all([]) == []


def test_similar_items_have_a_row_for_each_id(client: Client) -> None:
    first, second = client.similar_items(["ä", "b"])
    assert first == second == [Item(f"item{rank}", 201.0) for rank in range(4)]
    assert client.similar_items([]) == []


def test_every_signature_can_be_called(client: Client, server: RunningServer) -> None:
    for name, inputs in requests():
        outputs = client.predict(name, inputs)
        assert set(outputs) == set(client.metadata().signatures[name].outputs)
        rows = {len(values) for values in [*outputs.values(), *inputs.values()]}
        assert len(rows) == 1


def test_both_protocols_give_the_same_arrays(server: RunningServer) -> None:
    with (
        connect(address(server, "rest"), timeout_s=60) as rest,
        connect(address(server, "grpc"), timeout_s=60) as grpc,
    ):
        assert rest.metadata() == grpc.metadata()
        assert rest.status() == grpc.status()
        for name, inputs in requests():
            there, here = rest.predict(name, inputs), grpc.predict(name, inputs)
            for key, values in here.items():
                assert there[key].dtype == values.dtype
                np.testing.assert_array_equal(there[key], values)


def test_status_and_metadata(client: Client) -> None:
    assert client.status() == {n: VersionStatus(State.AVAILABLE) for n in (1, 2)}
    metadata = client.metadata()
    assert metadata.version == 2
    assert {*serving.SIGNATURES} <= {*metadata.signatures}


@pytest.mark.parametrize("spec", ["/versions/1", "/labels/stable"])
def test_a_version_is_chosen_by_the_address(server: RunningServer, kind: str, spec: str) -> None:
    with connect(address(server, kind, spec), timeout_s=60) as client:
        assert client.metadata().version == 1
        assert client.recommend(k=1) == [Item("item0", 100.0)]
        assert list(client.status()) == [1]


@pytest.mark.parametrize("spec", ["", "/versions/9"])
def test_an_unknown_model_or_version_is_named(server: RunningServer, kind: str, spec: str) -> None:
    name = "shop" if spec else "other"
    with (
        connect(address(server, kind, spec, name), timeout_s=60) as client,
        pytest.raises(NotFoundError, match="check the name, version and label") as caught,
    ):
        client.recommend()
    assert str(caught.value).startswith(address(server, kind, spec, name))


def test_errors_contain_what_the_server_said(client: Client) -> None:
    inputs = {"user_id": ["u"] * 9, "history_item_id": [["a"]] * 9}
    with pytest.raises(InvalidRequestError, match=r"9 rows, but this server accepts 8 \(rows\)"):
        client.predict(serving.DEFAULT, inputs)
    with pytest.raises(InputError, match="has no signature 'x'; it has candidate_embedding, "):
        client.predict("x", {})
    with pytest.raises(ServingError, match="RESOURCE_EXHAUSTED"):
        client.similar_items(["a" * 30_000])


def test_an_unknown_label_is_named(server: RunningServer, kind: str) -> None:
    with (
        connect(address(server, kind, "/labels/none"), timeout_s=60) as client,
        pytest.raises(InvalidRequestError, match="Unrecognized servable version label: none"),
    ):
        client.recommend()


def test_threads_share_a_client(client: Client) -> None:
    def first(rank: int) -> list[Item]:
        return client.recommend(history=["a"] * rank, k=1)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(first, range(40)))
    assert found == [[Item("item0", 200.0 + rank)] for rank in range(40)]


def test_one_client_serves_several_versions(
    models: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    publish(models["a"], folder, 1)
    with running_server(folder) as server, connect(address(server, kind), timeout_s=60) as client:
        assert client.recommend(k=1) == [Item("item0", 100.0)]
        publish(models["b"], folder, 2)
        server.poll()
        assert client.recommend(k=1) == [Item("item0", 200.0)]
