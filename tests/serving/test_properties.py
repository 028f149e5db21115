"""Properties of all answers, for arbitrary requests and arbitrarily bad first searches."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.indexer.model.sample_requests import to_examples
from components.indexer.search.exact import ExactSearch
from components.indexer.search.inverted_file import InvertedFile, InvertedFileSearch
from components.indexer.search.retrieval import Search
from components.indexer.search.scann_search import BuiltScann, ScannSearch
from components.indexer.search.search_plan import SearchKind, SearchPlan
from schemas import serving, serving_specs
from tests.serving import oracle
from tests.serving.fake_towers import item_queries
from tests.serving.in_memory import call, signatures_of
from tests.serving.older_server import differences
from tests.serving.requests import NO_PRICES, Prices, one_row, recommend_request
from tests.serving.shop import COLOURS, Shop, make_shop

# The last leaf of the inverted file is not full.
NUM_ITEMS = 123
K, MAX_K = 5, 40
TOLERANCE = 1e-3  # of scores up to about 100
UNAVAILABLE = ("gone", *(f"item{row}" for row in range(NUM_ITEMS) if row % 7 < 2))

Request = dict[str, npt.NDArray[Any]]
Answer = dict[str, npt.NDArray[Any]]
Ranking = tuple[list[bytes], npt.NDArray[Any]]


def tree(exact: ExactSearch) -> Search:
    """A tree search that visits one leaf of 3 items on average, so that most rows are short."""
    plan = SearchPlan(
        SearchKind.SCANN_TREE_HASH, "", num_leaves=40, leaves_to_search=1, reorder_factor=1.0
    )
    return ScannSearch(BuiltScann(exact.embedding, plan).export(), plan, fetch=0)


def hostile(exact: ExactSearch) -> Search:
    """A search that misses two of three items and returns too few columns, in some batches none.

    Padding repeats the best item and occurs anywhere. The items of a row depend on its query and on
    the number of neighbours, but not on the other rows.
    """

    def search(queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        rows, scores = exact(queries, num_neighbors)
        third = (tf.cast(queries[:, :1] > 0, tf.int32) + num_neighbors) % 3
        places = tf.cast(20 * tf.abs(queries[:, 1:2]), tf.int32)
        found = (rows % 3 == third) & (tf.range(num_neighbors) < places)
        columns = tf.reduce_max(tf.concat([[0], tf.minimum(places[:, 0], num_neighbors)], axis=0))
        rows = tf.where(found, rows, rows[:, :1])
        return rows[:, :columns], tf.where(found, scores, np.nan)[:, :columns]

    return search


@dataclass(frozen=True)
class ServedModel:
    """A model with one of the searches and its unavailable items."""

    shop: Shop
    signatures: dict[str, Any]
    is_exact: bool
    unavailable: tuple[str, ...]

    def call(self, signature: str, inputs: Request) -> Answer:
        """Returns the outputs of a signature."""
        return call(self.signatures[signature], inputs)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(str(tmp_path_factory.mktemp("shop")), NUM_ITEMS)


def inverted_file(exact: ExactSearch) -> Search:
    """A search of about three of fifteen leaves, so that rows contain padding."""
    return InvertedFileSearch(InvertedFile(exact.embedding), 3)


SEARCHES = {
    "exact": lambda exact: exact,
    "tree": tree,
    "hostile": hostile,
    "inverted file": inverted_file,
}


@pytest.fixture(
    scope="module",
    params=[
        ("exact", UNAVAILABLE),
        ("tree", UNAVAILABLE),
        ("hostile", UNAVAILABLE),
        ("inverted file", UNAVAILABLE),
        ("tree", ()),
    ],
    ids=["exact", "tree", "hostile", "inverted file", "tree, all available"],
)
def model(request: pytest.FixtureRequest, shop: Shop) -> ServedModel:
    name, unavailable = request.param
    signatures = signatures_of(shop, K, MAX_K, SEARCHES[name], unavailable)
    return ServedModel(shop, signatures, name == "exact", unavailable)


@dataclass(frozen=True)
class Row:
    """One row of a `recommend` request."""

    user: str
    history: list[str]
    exclude: list[str]
    colours: list[str]
    tags: list[str]
    k: int
    prices: Prices = NO_PRICES
    restrict: Sequence[str] = ()


IDS = [f"item{row}" for row in range(NUM_ITEMS)]
# A few items that occur repeatedly, arbitrary items, and ids that are not in the catalogue.
ITEM_ID = st.sampled_from(IDS[:4]) | st.sampled_from(IDS) | st.sampled_from(["", "gone", "lost"])
ALL_BUT_THE_FIRST = st.integers(0, NUM_ITEMS).map(lambda first: IDS[first:])
BOUND = st.just(math.nan) | st.integers(-1, 51).map(float)
PRICES = st.just(Prices()) | st.builds(
    Prices, BOUND, BOUND, st.sampled_from([math.nan, 0.0, -1.0, 0.5, 30.0])
)
ROW = st.builds(
    Row,
    user=st.sampled_from(["user0", "user1", "nobody", ""]),
    history=st.lists(ITEM_ID, max_size=10),
    exclude=st.lists(ITEM_ID, max_size=5) | ALL_BUT_THE_FIRST,
    colours=st.just([]) | st.lists(st.sampled_from([*COLOURS, "purple", ""]), max_size=3),
    tags=st.just([]) | st.lists(st.sampled_from(["new", "sale", "old", ""]), max_size=3),
    k=st.sampled_from([-1, 0, MAX_K + 1000]) | st.integers(1, MAX_K),
    prices=PRICES,
    restrict=st.just([]) | st.lists(ITEM_ID, max_size=8),
)
BATCH = st.lists(ROW, min_size=1, max_size=5)


def request_of(shop: Shop, rows: list[Row], width: int = 0) -> Request:
    return recommend_request(
        shop,
        [row.history for row in rows],
        [row.user for row in rows],
        [row.exclude for row in rows],
        [row.colours for row in rows],
        [row.tags for row in rows],
        [row.prices for row in rows],
        [row.restrict for row in rows],
        [row.k for row in rows],
        width,
    )


def requests_of(shop: Shop, request: Request) -> dict[str, Request]:
    """Returns the inputs of each signature for a `recommend` request."""
    return {
        serving.RECOMMEND: request,
        serving.RECOMMEND_EXAMPLES: {serving.EXAMPLES: to_examples(request)},
        serving.DEFAULT: {name: request[name] for name in serving_specs.default_specs()},
    }


def check(answer: Answer, row: int, eligible: Ranking, k: int, is_exact: bool) -> None:
    """Asserts that a row contains k eligible items, or all if there are fewer, and no others.

    Args:
      answer: The outputs of a signature.
      row: The row.
      eligible: All eligible items with their scores, best first.
      k: The requested number of items.
      is_exact: Whether the items must be the best ones.
    """
    ids, scores = answer[serving.OUTPUT_ITEM_ID][row], answer[serving.OUTPUT_SCORE][row]
    count = min(k, len(eligible[0]))
    assert set(ids[count:]) <= {b""}
    assert set(scores[count:]) <= {np.float32(serving.PADDING_SCORE)}

    found, found_scores, best = list(ids[:count]), scores[:count], eligible[1][:count]
    score_of = dict(zip(*eligible, strict=True))
    assert set(found) <= set(score_of)
    assert len(set(found)) == count
    true_scores = [score_of[item] for item in found]
    np.testing.assert_allclose(found_scores, true_scores, rtol=0, atol=TOLERANCE)
    assert (np.diff(found_scores) <= 0).all()
    assert (found_scores <= best + TOLERANCE).all()
    if is_exact:
        np.testing.assert_allclose(found_scores, best, rtol=0, atol=TOLERANCE)


def check_recommended(model: ServedModel, answer: Answer, request: Request, num_rows: int) -> None:
    k = np.minimum(np.where(request["k"] < 0, K, request["k"]), MAX_K)
    assert answer["item_id"].shape == answer["score"].shape == (len(k), k.max())
    everything = {**request, "k": np.full_like(k, NUM_ITEMS)}
    for row in range(num_rows):
        eligible = oracle.recommend(
            model.shop, everything, row, K, NUM_ITEMS, unavailable=model.unavailable
        )
        lists = ("filter_colour", "filter_tags", "restrict_item_id")
        numbers = ("filter_price_min", "filter_price_max", "boost_price")
        is_conditional = any(any(request[name][row]) for name in lists) or not all(
            np.isnan(request[name][row]) or (name == "boost_price" and request[name][row] == 0)
            for name in numbers
        )
        check(answer, row, eligible, k[row], model.is_exact or is_conditional)


def check_similar(model: ServedModel, answer: Answer, item_ids: list[str]) -> None:
    assert answer["item_id"].shape == answer["score"].shape == (len(item_ids), K)
    for row, item in enumerate(item_ids):
        eligible: Ranking = [], np.array([])
        if item in model.shop.item_id:
            (vector,) = item_queries(model.shop.vectors[[model.shop.item_id.index(item)]])
            hidden = [other.encode() for other in (item, *model.unavailable)]
            everything = np.ones(NUM_ITEMS, bool)
            eligible = oracle.ranking(model.shop, vector, hidden, NUM_ITEMS, everything)
        check(answer, row, eligible, K, model.is_exact)


def check_same(answer: Answer, row: int, single: Answer) -> None:
    width = single["item_id"].shape[1]
    shared = {name: values[row : row + 1, :width] for name, values in answer.items()}
    assert differences([("", shared)], [("", single)]) == []


def as_item_ids(item_ids: list[str]) -> Request:
    return {"item_id": np.array([item.encode() for item in item_ids], object)}


@settings(max_examples=30)
@given(rows=BATCH, width=st.integers(0, 12))
def test_rows_are_full_eligible_distinct_and_in_order(
    model: ServedModel, rows: list[Row], width: int
) -> None:
    request = request_of(model.shop, rows, width)
    # `serving_default` has neither exclusions nor filters nor k.
    bare = [Row(row.user, row.history, [], [], [], K) for row in rows]
    expected_requests = {serving.DEFAULT: request_of(model.shop, bare, width)}
    for signature, inputs in requests_of(model.shop, request).items():
        answer = model.call(signature, inputs)
        check_recommended(model, answer, expected_requests.get(signature, request), len(rows))


@settings(max_examples=25)
@given(rows=BATCH)
def test_batch_equals_single_requests(model: ServedModel, rows: list[Row]) -> None:
    request = request_of(model.shop, rows)
    answers = {
        signature: model.call(signature, inputs)
        for signature, inputs in requests_of(model.shop, request).items()
    }
    for row in range(len(rows)):
        for signature, inputs in requests_of(model.shop, one_row(request, row)).items():
            check_same(answers[signature], row, model.call(signature, inputs))


@settings(max_examples=30)
@given(item_ids=st.lists(ITEM_ID, min_size=1, max_size=6))
def test_similar_items_of_arbitrary_ids(model: ServedModel, item_ids: list[str]) -> None:
    answer = model.call(serving.SIMILAR_ITEMS, as_item_ids(item_ids))
    check_similar(model, answer, item_ids)
    for row, item in enumerate(item_ids):
        check_same(answer, row, model.call(serving.SIMILAR_ITEMS, as_item_ids([item])))


def test_batch_of_4096(model: ServedModel) -> None:
    rng = np.random.default_rng(3)
    rows = [
        Row(
            user=f"user{number}",
            history=list(rng.choice(IDS, number % 7)),
            exclude=list(rng.choice(IDS, number % 5)),
            colours=["red"] if number % 16 == 0 else [],
            tags=["new", "sale"] if number % 32 == 0 else [],
            k=number % MAX_K,
        )
        for number in range(64)
    ]
    request = request_of(model.shop, rows * 64)
    item_ids = IDS[:64] * 64
    similar = model.call(serving.SIMILAR_ITEMS, as_item_ids(item_ids))
    recommended = model.call(serving.RECOMMEND, request)
    check_recommended(model, recommended, request, len(rows))
    check_similar(model, similar, item_ids)
    for answer in (recommended, similar):
        repeated = {name: np.concatenate([part[:64]] * 64) for name, part in answer.items()}
        assert differences([("", answer)], [("", repeated)]) == []


def test_empty_batch(model: ServedModel) -> None:
    request = request_of(model.shop, [])
    requests = {**requests_of(model.shop, request), serving.SIMILAR_ITEMS: as_item_ids([])}
    for signature, inputs in requests.items():
        width = K if signature in (serving.DEFAULT, serving.SIMILAR_ITEMS) else 0
        answer = model.call(signature, inputs)
        assert answer["item_id"].shape == answer["score"].shape == (0, width), signature
