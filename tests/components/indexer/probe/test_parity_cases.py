"""The parity sample as requests, and what becomes of the probe's answers."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components.examples.read import RawCatalogue, read_raw_catalogue, read_raw_windows
from components.indexer.model.candidates import embed_candidates
from components.indexer.model.module import ServingModel, ServingOptions
from components.indexer.model.towers import Towers
from components.indexer.probe.cases import Case, read_cases, replay, write_cases
from components.indexer.probe.parity_cases import (
    ParityCases,
    judge_parity,
    parity_cases,
    read_parity_cases,
)
from components.indexer.search.exact import ExactSearch
from components.indexer.search.filters import CategoryFilter
from components.indexer.search.item_table import ItemTable
from components.indexer.search.retrieval import Retrieval
from components.indexer.search.unavailable import Availability
from components.parity.sample import write_sample
from schemas import serving
from tests.serving.shop import MAX_HISTORY, Shop, make_shop
from tests.serving.shop_parity import shop_sample

NUM_ITEMS = 40
NUM_QUERIES = 20
Serve = Callable[[str, dict[str, np.ndarray]], dict[str, Any]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    made = make_shop(str(tmp_path_factory.mktemp("shop")), NUM_ITEMS)
    write_sample(made.model, shop_sample(made))
    return made


def options_of(shop: Shop, **changes: Any) -> ServingOptions:
    options = ServingOptions(
        shop.table, k=4, max_k=8, max_history=MAX_HISTORY, exclude_history=True
    )
    return replace(options, **changes)


def served(shop: Shop, options: ServingOptions) -> Serve:
    """The exact twin before it is saved."""
    towers = Towers(shop.model)
    candidates = embed_candidates(
        towers, read_raw_catalogue(shop.catalogue, shop.table), shop.table
    )
    exact = ExactSearch(tf.Variable(candidates.embedding))
    filters = {name: CategoryFilter(name, values) for name, values in candidates.categories.items()}
    items = ItemTable(candidates.item_id)
    retrieval = Retrieval(exact, exact, filters, Availability(items))
    model = ServingModel(towers, items, retrieval, options)
    signatures = model.signatures()

    def serve(signature: str, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        answer = signatures[signature](**{name: tf.constant(x) for name, x in inputs.items()})
        return {name: tensor.numpy() for name, tensor in answer.items()}

    return serve


def cases_of(shop: Shop) -> ParityCases:
    catalogue = read_raw_catalogue(shop.catalogue, shop.table)
    found = read_parity_cases(shop.model, shop.windows, catalogue, options_of(shop))
    assert found is not None
    return found


def test_a_twin_of_the_trained_towers_passes(shop: Shop) -> None:
    cases = cases_of(shop)

    compared = replay(served(shop, options_of(shop)), cases.cases)
    parity = judge_parity(cases, {name: asdict(one) for name, one in compared.items()})

    assert {name: one.rows for name, one in compared.items()} == {
        serving.QUERY_EMBEDDING: NUM_QUERIES,
        serving.RECOMMEND: NUM_QUERIES,
        serving.RECOMMEND_EXAMPLES: NUM_QUERIES,
        serving.DEFAULT: NUM_QUERIES,
        serving.CANDIDATE_EMBEDDING: NUM_ITEMS,
        serving.SIMILAR_ITEMS: NUM_ITEMS,
    }
    assert parity.gate.passed, parity.gate.reason
    assert parity.gate.name == "index.parity"
    assert parity.report["equal_lists"] == 1.0


def test_a_twin_that_answers_items_of_the_history_is_rejected(shop: Shop) -> None:
    cases = cases_of(shop)
    other = options_of(shop, exclude_history=False)

    compared = replay(served(shop, other), cases.cases)
    parity = judge_parity(cases, {name: asdict(one) for name, one in compared.items()})

    assert not parity.gate.passed
    wrong = {name for name, one in compared.items() if not one.is_equal}
    assert wrong == {serving.DEFAULT, serving.RECOMMEND, serving.RECOMMEND_EXAMPLES}


def test_items_that_change_their_neighbours_are_rejected(shop: Shop) -> None:
    cases, serve = cases_of(shop), served(shop, options_of(shop))

    def shuffled(signature: str, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        answer = serve(signature, inputs)
        if signature == serving.SIMILAR_ITEMS:
            answer["item_id"] = answer["item_id"][:, ::-1]
        return answer

    compared = replay(shuffled, cases.cases)
    parity = judge_parity(cases, {name: asdict(one) for name, one in compared.items()})

    assert compared[serving.SIMILAR_ITEMS].equal_lists == 0.0
    assert "similar_items answers other ids in 100.0% of 40 lists" in parity.gate.reason


def test_what_the_data_lacks_is_counted_and_rejected(shop: Shop) -> None:
    sample = shop_sample(shop)
    item_id, window = sample.item_id.copy(), sample.window.copy()
    item_id[3], window[5] = b"gone", b"another window"
    windows = read_raw_windows(shop.windows, "eval", shop.table)
    catalogue = read_raw_catalogue(shop.catalogue, shop.table)
    lacking = replace(sample, item_id=item_id, window=window)

    cases = parity_cases(lacking, windows, catalogue, options_of(shop))
    compared = replay(served(shop, options_of(shop)), cases.cases)
    parity = judge_parity(cases, {name: asdict(one) for name, one in compared.items()})

    assert (cases.num_missing, cases.num_ambiguous) == (2, 0)
    assert all(one.is_equal for one in compared.values())
    assert compared[serving.RECOMMEND].rows == NUM_QUERIES - 1
    assert compared[serving.SIMILAR_ITEMS].rows == NUM_ITEMS - 1
    assert not parity.gate.passed


def test_a_re_index_holds_the_embeddings_of_queries_to_training_and_says_what_it_leaves_out(
    shop: Shop,
) -> None:
    catalogue, options = read_raw_catalogue(shop.catalogue, shop.table), options_of(shop)
    none_left = RawCatalogue(catalogue.item_id[:0], catalogue.available_at[:0], {})
    cases = read_parity_cases(shop.model, shop.windows, none_left, options, is_reindex=True)
    assert cases is not None

    compared = replay(served(shop, options), cases.cases)
    parity = judge_parity(cases, {name: asdict(one) for name, one in compared.items()})

    assert {name: one.rows for name, one in compared.items()} == {
        serving.QUERY_EMBEDDING: NUM_QUERIES
    }
    assert parity.gate.passed
    assert "are not compared" in parity.gate.reason
    assert "are not compared" in parity.report["left_out"]
    wrong = {name: asdict(replace(one, max_difference=1.0)) for name, one in compared.items()}
    assert not judge_parity(cases, wrong).gate.passed


def test_a_model_without_a_sample_has_no_cases(shop: Shop, tmp_path: Path) -> None:
    catalogue = read_raw_catalogue(shop.catalogue, shop.table)

    assert read_parity_cases(str(tmp_path), shop.windows, catalogue, options_of(shop)) is None
    assert judge_parity(None, {}).gate.passed


def test_cases_are_read_as_they_were_written(shop: Shop, tmp_path: Path) -> None:
    cases = cases_of(shop).cases
    path = str(tmp_path / "cases")

    write_cases(path, cases)
    found = list(read_cases(path))

    def flat(case: Case) -> dict[str, np.ndarray]:
        return {**case.request[1], **{f"trained {n}": x for n, x in case.trained.items()}}

    assert [case.request[0] for case in found] == [case.request[0] for case in cases]
    for one, other in zip(found, cases, strict=True):
        assert set(flat(one)) == set(flat(other))
        for name, values in flat(other).items():
            np.testing.assert_array_equal(flat(one)[name], values)
    write_cases(path, [])
    assert list(read_cases(path)) == []
