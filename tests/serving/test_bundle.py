"""The exported bundle, loaded as TF Serving loads it, against exact search with NumPy."""

from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tensorflow.core.framework import node_def_pb2
from tensorflow.core.protobuf import saved_model_pb2

from components.indexer.model.sample_requests import to_examples
from components.indexer.model.warmup import Request, read_requests
from components.indexer.probe.request_rows import has_conditions
from components.indexer.probe.served_model import ServedModel
from components.indexer.search import choose_index
from components.indexer.search.search_plan import SearchKind
from schemas import serving, serving_specs
from schemas.bundle import WARMUP_FILE
from schemas.serving_settings import IndexSettings
from tests.serving import oracle
from tests.serving.answer import Answer, answers_in_new_process
from tests.serving.exported_bundle import export_index
from tests.serving.fake_towers import item_queries
from tests.serving.requests import one_row, recommend_request
from tests.serving.shop import Shop, make_shop

NUM_ITEMS = 300
K = 20
MAX_K = 50
SETTINGS = IndexSettings(k=K, max_k=MAX_K)
# A leaf has 3 items on average, so that ScaNN leaves most rows short.
SHORT_SETTINGS = IndexSettings(k=K, max_k=MAX_K, num_leaves=100, num_leaves_to_search=1)

MANY = "more than max_k"


@dataclass(frozen=True)
class ServedBundle:
    """An exported bundle and its answers: those of the served model, then those of its twin."""

    shop: Shop
    bundle: str
    requests: list[Request]
    answers: list[Answer]


def _recommends(shop: Shop) -> dict[str, dict[str, npt.NDArray[Any]]]:
    ids = shop.item_id
    history = [ids[0], ids[-1], ids[len(ids) // 2]]
    return {
        "normal": recommend_request(shop, [history]),
        "empty history": recommend_request(shop, [[]]),
        "no history column": recommend_request(shop, [[]], width=0),
        "unknown user": recommend_request(shop, [history], users=["nobody"]),
        "unknown items": recommend_request(shop, [["gone", *history, "lost"]], exclude=[["lost"]]),
        "padding anywhere": recommend_request(shop, [["", history[0], "", history[1]]]),
        "repeated items": recommend_request(
            shop, [[history[0]] * 3], exclude=[[history[0], history[0]]]
        ),
        MANY: recommend_request(shop, [history], k=MAX_K + 1000),
        "k of zero": recommend_request(shop, [history], k=0),
        "default k": recommend_request(shop, [history], k=-1),
        "excluded": recommend_request(shop, [history], exclude=[ids[1:4]]),
        "colour": recommend_request(shop, [history], colours=[["red"]], k=MAX_K),
        "two colours and a tag": recommend_request(
            shop, [history], colours=[["red", "", "blue"]], tags=[["sale"]], k=MAX_K
        ),
        "no such colour": recommend_request(shop, [history], colours=[["purple"]]),
        "batch": recommend_request(
            shop,
            [history, [], ["gone"], [ids[0]] * 6, history[:1]],
            users=["user1", "user2", "nobody", "", "user4"],
            exclude=[ids[2:5], [], ["gone"], [], ids[:1]],
            colours=[[], ["green"], [], ["purple"], []],
            k=[10, MAX_K, 3, 5, -1],
        ),
    }


def _requests(shop: Shop) -> list[Request]:
    recommends = _recommends(shop)
    batch = recommends["batch"]
    rows = [one_row(batch, row) for row in range(len(batch["k"]))]
    return [
        *((serving.RECOMMEND, request) for request in recommends.values()),
        *((serving.RECOMMEND, row) for row in rows),
        (serving.RECOMMEND_EXAMPLES, {serving.EXAMPLES: to_examples(batch)}),
        *((serving.RECOMMEND_EXAMPLES, {serving.EXAMPLES: to_examples(row)}) for row in rows),
        (serving.RECOMMEND_EXAMPLES, {serving.EXAMPLES: np.array([b""], object)}),
        (serving.DEFAULT, {name: batch[name] for name in serving_specs.default_specs()}),
        (serving.SIMILAR_ITEMS, {"item_id": np.array([b"item0", b"gone", b"", b"item3"], object)}),
        (
            serving.QUERY_EMBEDDING,
            {name: batch[name] for name in serving_specs.query_specs(shop.table)},
        ),
    ]


@pytest.fixture(scope="module")
def served_bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ServedBundle]:
    """Bundles of each kind; one process answers for all ScaNN models, another for all twins."""
    kinds = {
        "scann": (NUM_ITEMS, SETTINGS),
        "short": (NUM_ITEMS, SHORT_SETTINGS),
        "five items": (5, SETTINGS),
    }
    shops, bundles = {}, {}
    for name, (num_items, settings) in kinds.items():
        folder = tmp_path_factory.mktemp("served")
        shop = make_shop(str(folder), num_items)
        bundle = str(folder / "bundle")
        with pytest.MonkeyPatch.context() as patch:
            # Exact search must not replace the index with low recall.
            patch.setattr(choose_index, "MAX_EXACT_ITEMS", 0)
            index, _ = export_index(
                shop.model, shop.catalogue, shop.windows, bundle, shop.data, settings
            )
        assert (index.plan.kind is SearchKind.EXACT) == (name == "five items")
        shops[name], bundles[name] = shop, bundle
    requests = {name: _requests(shop) for name, shop in shops.items()}

    def answers(names: list[str], folder_name: str) -> dict[str, list[Answer]]:
        models = [(f"{bundles[name]}/{folder_name}", requests[name]) for name in names]
        folder = tmp_path_factory.mktemp(folder_name)
        bundle_answers = answers_in_new_process(folder, models, scann=folder_name == "scann")
        return dict(zip(names, bundle_answers, strict=True))

    scann, exact = (
        answers(["scann", "short"], "scann"),
        answers(["scann", "five items"], "portable"),
    )
    return {
        name: ServedBundle(
            shops[name],
            bundles[name],
            requests[name],
            [*scann.get(name, []), *exact.get(name, [])],
        )
        for name in kinds
    }


NAMES = ["scann", "five items"]


def _answers(
    served: ServedBundle, signature: str
) -> list[tuple[dict[str, npt.NDArray[Any]], Answer]]:
    repeated = cycle(served.requests)
    return [
        (inputs, answer)
        for (name, inputs), answer in zip(repeated, served.answers, strict=False)
        if name == signature
    ]


def _check_row(answer: Answer, row: int, ids: list[bytes], scores: npt.NDArray[np.float32]) -> None:
    found = answer[serving.OUTPUT_ITEM_ID][row]
    found_scores = answer[serving.OUTPUT_SCORE][row]
    assert list(found[: len(ids)]) == ids
    np.testing.assert_allclose(found_scores[: len(ids)], scores, rtol=1e-4, atol=1e-4)
    assert all(found[len(ids) :] == b"")
    assert all(found_scores[len(ids) :] == serving.PADDING_SCORE)


@pytest.mark.parametrize("name", NAMES)
def test_recommend_equals_exact_search(served_bundles: dict[str, ServedBundle], name: str) -> None:
    served = served_bundles[name]
    for request, answer in _answers(served, serving.RECOMMEND):
        ks = np.where(request["k"] < 0, K, request["k"])
        assert answer["item_id"].shape == (len(ks), min(ks.max(), MAX_K))
        for row in range(len(ks)):
            _check_row(answer, row, *oracle.recommend(served.shop, request, row, K, MAX_K))


@pytest.mark.parametrize("name", NAMES)
def test_batch_equals_single_requests(served_bundles: dict[str, ServedBundle], name: str) -> None:
    served = served_bundles[name]
    for signature in (serving.RECOMMEND, serving.RECOMMEND_EXAMPLES):
        answers = [answer for _, answer in _answers(served, signature)]
        start = len(_recommends(served.shop)) - 1 if signature == serving.RECOMMEND else 0
        batch, rows = answers[start], answers[start + 1 : start + 6]
        for number, row in enumerate(rows):
            width = row["item_id"].shape[1]
            assert list(batch["item_id"][number, :width]) == list(row["item_id"][0])
            assert all(batch["item_id"][number, width:] == b"")


@pytest.mark.parametrize("name", NAMES)
def test_examples_equal_dense_requests(served_bundles: dict[str, ServedBundle], name: str) -> None:
    served = served_bundles[name]
    dense = _answers(served, serving.RECOMMEND)[len(_recommends(served.shop)) - 1][1]
    example = _answers(served, serving.RECOMMEND_EXAMPLES)[0][1]
    np.testing.assert_array_equal(example["item_id"], dense["item_id"])


@pytest.mark.parametrize("name", NAMES)
def test_empty_example_is_answered(served_bundles: dict[str, ServedBundle], name: str) -> None:
    served = served_bundles[name]
    empty_request = recommend_request(served.shop, [[]], users=[""], k=-1)
    ids, scores = oracle.recommend(served.shop, empty_request, 0, K, MAX_K)
    for _, answer in _answers(served, serving.RECOMMEND_EXAMPLES)[6::7]:
        _check_row(answer, 0, ids, scores)


@pytest.mark.parametrize("name", NAMES)
def test_default_needs_only_user_and_history(
    served_bundles: dict[str, ServedBundle], name: str
) -> None:
    served = served_bundles[name]
    for inputs, answer in _answers(served, serving.DEFAULT):
        request = recommend_request(served.shop, [[]] * len(inputs["user_id"]), k=K)
        request.update(inputs)
        assert answer["item_id"].shape == (len(inputs["user_id"]), K)
        for row in range(len(inputs["user_id"])):
            _check_row(answer, row, *oracle.recommend(served.shop, request, row, K, MAX_K))


@pytest.mark.parametrize("name", NAMES)
def test_similar_items_exclude_the_item_and_pad_for_unknown_items(
    served_bundles: dict[str, ServedBundle], name: str
) -> None:
    served = served_bundles[name]
    everything = np.ones(len(served.shop.item_id), bool)
    for inputs, answer in _answers(served, serving.SIMILAR_ITEMS):
        assert answer["item_id"].shape == (4, K)
        for row, item in enumerate(inputs["item_id"]):
            if item.decode() in served.shop.item_id:
                place = served.shop.item_id.index(item.decode())
                (vector,) = item_queries(served.shop.vectors[[place]])
                expected = oracle.ranking(served.shop, vector, [item], K, everything)
                _check_row(answer, row, *expected)
            else:
                _check_row(answer, row, [], np.array([]))


def test_query_embedding_equals_the_towers(served_bundles: dict[str, ServedBundle]) -> None:
    served = served_bundles["scann"]
    for inputs, answer in _answers(served, serving.QUERY_EMBEDDING):
        for row, history in enumerate(inputs["history_item_id"]):
            expected = oracle.query(served.shop, inputs["user_id"][row], list(history))
            np.testing.assert_allclose(answer["embedding"][row], expected, rtol=1e-4, atol=1e-4)


def test_short_rows_are_filled_by_exact_search(served_bundles: dict[str, ServedBundle]) -> None:
    served = served_bundles["short"]
    request, answer = _answers(served, serving.RECOMMEND)[
        list(_recommends(served.shop)).index(MANY)
    ]
    _check_row(answer, 0, *oracle.recommend(served.shop, request, 0, K, MAX_K))


def test_narrow_search_returns_full_rows_of_eligible_items(
    served_bundles: dict[str, ServedBundle],
) -> None:
    served = served_bundles["short"]
    for request, answer in _answers(served, serving.RECOMMEND):
        for row, found in enumerate(answer["item_id"]):
            all_items = {**request, "k": np.full_like(request["k"], NUM_ITEMS)}
            everything = oracle.recommend(served.shop, all_items, row, K, NUM_ITEMS)
            score_of = dict(zip(*everything, strict=True))
            ids, scores = oracle.recommend(served.shop, request, row, K, MAX_K)
            assert (found != b"").sum() == len(ids)
            kept = found[found != b""]
            assert len(set(kept)) == len(kept)
            found_scores = answer["score"][row][: len(kept)]
            true_scores = [score_of[item] for item in kept]
            np.testing.assert_allclose(found_scores, true_scores, rtol=1e-4, atol=1e-4)
            assert all(found_scores <= scores + 1e-4)


def _scann_nodes(model: str) -> list[node_def_pb2.NodeDef]:
    saved_model = saved_model_pb2.SavedModel.FromString(Path(model, "saved_model.pb").read_bytes())
    graph = saved_model.meta_graphs[0].graph_def
    functions = [function.node_def for function in graph.library.function]
    return [node for nodes in (graph.node, *functions) for node in nodes if "Scann" in node.op]


def test_all_signatures_share_one_searcher_and_twin_has_none(
    served_bundles: dict[str, ServedBundle],
) -> None:
    bundle = served_bundles["scann"].bundle
    makers = [node for node in _scann_nodes(f"{bundle}/scann") if "TensorsToScann" in node.op]
    assert len(makers) >= 4  # one in each signature that searches
    names = {node.attr["shared_name"].s for node in makers}
    assert len(names) == 1
    assert names != {b""}
    assert _scann_nodes(f"{bundle}/portable") == []


def test_warm_up_covers_every_signature(served_bundles: dict[str, ServedBundle]) -> None:
    for folder in ("scann", "portable"):
        recorded = list(read_requests(f"{served_bundles['scann'].bundle}/{folder}/{WARMUP_FILE}"))
        assert {signature for signature, _ in recorded} == set(serving.SIGNATURES)
        assert len(recorded) <= 1000  # TF Serving rejects more
        assert sum(has_conditions(*request) for request in recorded) == 2


def test_warm_up_requests_with_conditions_have_items(
    served_bundles: dict[str, ServedBundle],
) -> None:
    bundle = served_bundles["scann"].bundle
    model = ServedModel(f"{bundle}/portable")
    for request in read_requests(f"{bundle}/portable/{WARMUP_FILE}"):
        if has_conditions(*request):
            found = model(*request)["item_id"] != b""
            assert found.any(axis=1).tolist() == [True, True]
