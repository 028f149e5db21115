"""Unavailable items in the asset file of an exported model, loaded as TF Serving loads it."""

from pathlib import Path

import numpy as np
import pytest

from components.indexer.model.warmup import Request
from components.unavailable_items import read_unavailable, write_unavailable
from schemas import serving
from schemas.bundle import UNAVAILABLE_FILE
from schemas.serving_settings import IndexSettings
from tests.serving import oracle
from tests.serving.answer import Answer, answers_in_new_process
from tests.serving.exported_bundle import export_index
from tests.serving.fake_towers import item_queries
from tests.serving.requests import recommend_request
from tests.serving.shop import Shop, make_shop

NUM_ITEMS = 150
K, MAX_K = 10, 40
# All except 30 items, ids that are not in the catalogue, and one of the query items below.
UNAVAILABLE = ("gone", *(f"item{n}" for n in range(3, 123)), "ärger")


def requests_of(shop: Shop) -> list[Request]:
    some = ["item1", "item130", "item7"]
    return [
        (serving.RECOMMEND, recommend_request(shop, [some, []], k=MAX_K)),
        (serving.RECOMMEND, recommend_request(shop, [some], exclude=[["item140"]], k=5)),
        (serving.RECOMMEND, recommend_request(shop, [some], colours=[["red"]], k=MAX_K)),
        (serving.SIMILAR_ITEMS, {"item_id": np.array([b"item2", b"item5"], object)}),
    ]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(str(tmp_path_factory.mktemp("shop")), NUM_ITEMS)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> str:
    folder = str(tmp_path_factory.mktemp("bundle"))
    settings = IndexSettings(k=K, max_k=MAX_K)
    export_index(shop.model, shop.catalogue, shop.windows, folder, shop.data, settings)
    return folder


@pytest.mark.parametrize("kind", ["scann", "portable"])
def test_listed_items_are_never_returned_and_rows_are_full(
    tmp_path: Path, shop: Shop, bundle: str, kind: str
) -> None:
    model, path = f"{bundle}/{kind}", f"{bundle}/{kind}/{UNAVAILABLE_FILE}"
    assert read_unavailable(path) == []
    requests = requests_of(shop)

    def answers(folder: str) -> list[Answer]:
        work = tmp_path / folder
        work.mkdir()
        (model_answers,) = answers_in_new_process(work, [(model, requests)], kind == "scann")
        return model_answers

    write_unavailable(path, UNAVAILABLE)
    listed = answers("listed")
    write_unavailable(path, [])
    available = answers("available")

    for unavailable, model_answers in ((UNAVAILABLE, listed), ((), available)):
        for (signature, inputs), answer in zip(requests, model_answers, strict=True):
            for row, found in enumerate(answer[serving.OUTPUT_ITEM_ID]):
                if signature == serving.RECOMMEND:
                    ids, _ = oracle.recommend(shop, inputs, row, K, MAX_K, unavailable)
                else:
                    ids = similar(shop, inputs["item_id"][row], unavailable)
                assert [item for item in found if item] == ids


def similar(shop: Shop, item: bytes, unavailable: tuple[str, ...]) -> list[bytes]:
    (vector,) = item_queries(shop.vectors[[shop.item_id.index(item.decode())]])
    hidden = [item, *(other.encode() for other in unavailable)]
    ids, _ = oracle.ranking(shop, vector, hidden, K, np.ones(NUM_ITEMS, bool))
    return ids
