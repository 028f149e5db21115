"""The exported bundle, loaded as TF Serving loads it, against exact search by NumPy."""

from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from tensorflow.core.framework import node_def_pb2
from tensorflow.core.protobuf import saved_model_pb2

from components.indexer.bundle import export_index
from components.indexer.model.sample_requests import to_examples
from components.indexer.model.warmup import Request, read_requests
from components.indexer.search import choose
from components.indexer.search.plan import SearchKind
from schemas import serving
from schemas.bundle import WARMUP_FILE
from schemas.model_settings import IndexSettings
from tests.serving import oracle
from tests.serving.answer import Answer, answers_in_new_process
from tests.serving.fake_towers import item_queries
from tests.serving.requests import one_row, recommend_request
from tests.serving.shop import Shop, make_shop

NUM_ITEMS = 300
K = 20
MAX_K = 50
SETTINGS = IndexSettings(k=K, max_k=MAX_K)
# A leaf holds 3 items on average, so ScaNN alone leaves most rows short.
SHORT_SETTINGS = IndexSettings(k=K, max_k=MAX_K, num_leaves=100, num_leaves_to_search=1)

MANY = "more than max_k"


@dataclass(frozen=True)
class World:
    """One exported bundle and what it answered; the answers of the twin follow the model's."""

    shop: Shop
    bundle: str
    requests: list[Request]
    answers: list[Answer]


def _recommends(shop: Shop) -> dict[str, dict[str, np.ndarray]]:
    ids = shop.item_id
    some = [ids[0], ids[-1], ids[len(ids) // 2]]
    return {
        "normal": recommend_request(shop, [some]),
        "empty history": recommend_request(shop, [[]]),
        "no history column": recommend_request(shop, [[]], width=0),
        "unknown user": recommend_request(shop, [some], users=["nobody"]),
        "unknown items": recommend_request(shop, [["gone", *some, "lost"]], exclude=[["lost"]]),
        "padding anywhere": recommend_request(shop, [["", some[0], "", some[1]]]),
        "repeated items": recommend_request(shop, [[some[0]] * 3], exclude=[[some[0], some[0]]]),
        MANY: recommend_request(shop, [some], k=MAX_K + 1000),
        "nothing asked": recommend_request(shop, [some], k=0),
        "k left open": recommend_request(shop, [some], k=-1),
        "excluded": recommend_request(shop, [some], exclude=[ids[1:4]]),
        "colour": recommend_request(shop, [some], colours=[["red"]], k=MAX_K),
        "two colours and a tag": recommend_request(
            shop, [some], colours=[["red", "", "blue"]], tags=[["sale"]], k=MAX_K
        ),
        "no such colour": recommend_request(shop, [some], colours=[["purple"]]),
        "batch": recommend_request(
            shop,
            [some, [], ["gone"], [ids[0]] * 6, some[:1]],
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
        (serving.DEFAULT, {name: batch[name] for name in serving.default_specs()}),
        (serving.SIMILAR_ITEMS, {"item_id": np.array([b"item0", b"gone", b"", b"item3"], object)}),
        (serving.QUERY_EMBEDDING, {name: batch[name] for name in serving.query_specs(shop.table)}),
    ]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    """Bundles of each kind; all ScaNN models answer in one process, all twins in another."""
    kinds = {
        "scann": (NUM_ITEMS, SETTINGS),
        "short": (NUM_ITEMS, SHORT_SETTINGS),
        "five items": (5, SETTINGS),
    }
    shops, bundles = {}, {}
    for name, (num_items, settings) in kinds.items():
        folder = tmp_path_factory.mktemp("world")
        shop = make_shop(str(folder), num_items)
        bundle = str(folder / "bundle")
        with pytest.MonkeyPatch.context() as patch:
            # The one that misses much is to be kept.
            patch.setattr(choose, "MAX_EXACT_ITEMS", 0)
            index, _ = export_index(
                shop.model, shop.catalogue, shop.windows, bundle, shop.data, settings
            )
        assert (index.plan.kind is SearchKind.EXACT) == (name == "five items")
        shops[name], bundles[name] = shop, bundle
    requests = {name: _requests(shop) for name, shop in shops.items()}

    def answers(names: list[str], folder_name: str) -> dict[str, list[Answer]]:
        models = [(f"{bundles[name]}/{folder_name}", requests[name]) for name in names]
        folder = tmp_path_factory.mktemp(folder_name)
        given = answers_in_new_process(folder, models, scann=folder_name == "scann")
        return dict(zip(names, given, strict=True))

    scann, exact = answers(["scann", "short"], "scann"), answers(["scann", "five items"], "exact")
    return {
        name: World(
            shops[name],
            bundles[name],
            requests[name],
            [*scann.get(name, []), *exact.get(name, [])],
        )
        for name in kinds
    }


NAMES = ["scann", "five items"]


def _answers(world: World, signature: str) -> list[tuple[dict[str, np.ndarray], Answer]]:
    repeated = cycle(world.requests)
    return [
        (inputs, answer)
        for (name, inputs), answer in zip(repeated, world.answers, strict=False)
        if name == signature
    ]


def _check_row(answer: Answer, row: int, ids: list[bytes], scores: np.ndarray) -> None:
    found = answer[serving.OUTPUT_ITEM_ID][row]
    found_scores = answer[serving.OUTPUT_SCORE][row]
    assert list(found[: len(ids)]) == ids
    np.testing.assert_allclose(found_scores[: len(ids)], scores, rtol=1e-4, atol=1e-4)
    assert all(found[len(ids) :] == b"")
    assert all(found_scores[len(ids) :] == serving.PADDING_SCORE)


@pytest.mark.parametrize("name", NAMES)
def test_recommend_answers_as_exact_search_does(worlds: dict[str, World], name: str) -> None:
    world = worlds[name]
    for request, answer in _answers(world, serving.RECOMMEND):
        asked = np.where(request["k"] < 0, K, request["k"])
        assert answer["item_id"].shape == (len(asked), min(asked.max(), MAX_K))
        for row in range(len(asked)):
            _check_row(answer, row, *oracle.recommend(world.shop, request, row, K, MAX_K))


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_answers_as_its_rows_alone(worlds: dict[str, World], name: str) -> None:
    world = worlds[name]
    for signature in (serving.RECOMMEND, serving.RECOMMEND_EXAMPLES):
        answers = [answer for _, answer in _answers(world, signature)]
        start = len(_recommends(world.shop)) - 1 if signature == serving.RECOMMEND else 0
        batch, rows = answers[start], answers[start + 1 : start + 6]
        for number, row in enumerate(rows):
            width = row["item_id"].shape[1]
            assert list(batch["item_id"][number, :width]) == list(row["item_id"][0])
            assert all(batch["item_id"][number, width:] == b"")


@pytest.mark.parametrize("name", NAMES)
def test_examples_answer_as_dense_requests(worlds: dict[str, World], name: str) -> None:
    world = worlds[name]
    dense = _answers(world, serving.RECOMMEND)[len(_recommends(world.shop)) - 1][1]
    example = _answers(world, serving.RECOMMEND_EXAMPLES)[0][1]
    np.testing.assert_array_equal(example["item_id"], dense["item_id"])


@pytest.mark.parametrize("name", NAMES)
def test_an_example_that_says_nothing_is_answered(worlds: dict[str, World], name: str) -> None:
    world = worlds[name]
    nothing = recommend_request(world.shop, [[]], users=[""], k=-1)
    ids, scores = oracle.recommend(world.shop, nothing, 0, K, MAX_K)
    for _, answer in _answers(world, serving.RECOMMEND_EXAMPLES)[6::7]:
        _check_row(answer, 0, ids, scores)


@pytest.mark.parametrize("name", NAMES)
def test_default_needs_user_and_history_alone(worlds: dict[str, World], name: str) -> None:
    world = worlds[name]
    for inputs, answer in _answers(world, serving.DEFAULT):
        request = recommend_request(world.shop, [[]] * len(inputs["user_id"]), k=K)
        request.update(inputs)
        assert answer["item_id"].shape == (len(inputs["user_id"]), K)
        for row in range(len(inputs["user_id"])):
            _check_row(answer, row, *oracle.recommend(world.shop, request, row, K, MAX_K))


@pytest.mark.parametrize("name", NAMES)
def test_similar_items_leave_out_the_item_and_pad_for_unknown_ones(
    worlds: dict[str, World], name: str
) -> None:
    world = worlds[name]
    everything = np.ones(len(world.shop.item_id), bool)
    for inputs, answer in _answers(world, serving.SIMILAR_ITEMS):
        assert answer["item_id"].shape == (4, K)
        for row, item in enumerate(inputs["item_id"]):
            if item.decode() in world.shop.item_id:
                place = world.shop.item_id.index(item.decode())
                (vector,) = item_queries(world.shop.vectors[[place]])
                expected = oracle.ranking(world.shop, vector, [item], K, everything)
                _check_row(answer, row, *expected)
            else:
                _check_row(answer, row, [], np.array([]))


def test_query_embedding_is_the_towers(worlds: dict[str, World]) -> None:
    world = worlds["scann"]
    for inputs, answer in _answers(world, serving.QUERY_EMBEDDING):
        for row, history in enumerate(inputs["history_item_id"]):
            expected = oracle.query(world.shop, inputs["user_id"][row], list(history))
            np.testing.assert_allclose(answer["embedding"][row], expected, rtol=1e-4, atol=1e-4)


def test_short_rows_are_filled_by_exact_search(worlds: dict[str, World]) -> None:
    world = worlds["short"]
    request, answer = _answers(world, serving.RECOMMEND)[list(_recommends(world.shop)).index(MANY)]
    _check_row(answer, 0, *oracle.recommend(world.shop, request, 0, K, MAX_K))


def test_a_narrow_search_answers_in_full_and_nothing_hidden(worlds: dict[str, World]) -> None:
    world = worlds["short"]
    for request, answer in _answers(world, serving.RECOMMEND):
        for row, found in enumerate(answer["item_id"]):
            all_asked = {**request, "k": np.full_like(request["k"], NUM_ITEMS)}
            everything = oracle.recommend(world.shop, all_asked, row, K, NUM_ITEMS)
            score_of = dict(zip(*everything, strict=True))
            ids, scores = oracle.recommend(world.shop, request, row, K, MAX_K)
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


def test_all_signatures_share_one_searcher_and_the_twin_has_none(
    worlds: dict[str, World],
) -> None:
    bundle = worlds["scann"].bundle
    makers = [node for node in _scann_nodes(f"{bundle}/scann") if "TensorsToScann" in node.op]
    assert len(makers) >= 4  # one in each signature that searches
    names = {node.attr["shared_name"].s for node in makers}
    assert len(names) == 1
    assert names != {b""}
    assert _scann_nodes(f"{bundle}/exact") == []


def test_warm_up_covers_every_signature(worlds: dict[str, World]) -> None:
    for folder in ("scann", "exact"):
        recorded = list(read_requests(f"{worlds['scann'].bundle}/{folder}/{WARMUP_FILE}"))
        assert {signature for signature, _ in recorded} == set(serving.SIGNATURES)
        assert len(recorded) <= 1000  # TF Serving rejects more
