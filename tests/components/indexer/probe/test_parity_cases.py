"""Building requests from a parity sample, and the gate on the outputs of the probe."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from components.examples.read import RawCatalogue, read_raw_catalogue, read_raw_windows
from components.indexer.model.candidates import embed_candidates
from components.indexer.model.request_conditions import condition_search
from components.indexer.model.serving_model import ServingModel, ServingOptions
from components.indexer.model.towers import Towers
from components.indexer.probe.parity_cases import (
    ParityCases,
    build_parity_cases,
    parity_result,
    read_parity_cases,
)
from components.indexer.probe.replay import ParityCase, read_cases, replay_cases, write_cases
from components.indexer.search.exact import ExactSearch
from components.indexer.search.item_table import ItemTable
from components.indexer.search.retrieval import Retrieval
from components.indexer.search.unavailable_items import UnavailableItems
from components.parity.sample_file import write_sample
from schemas import serving
from tests.serving.in_memory import by_request_names
from tests.serving.shop import MAX_HISTORY, Shop, make_shop
from tests.serving.shop_parity import shop_sample

NUM_ITEMS = 40
NUM_QUERIES = 20
Serve = Callable[[str, dict[str, npt.NDArray[Any]]], dict[str, Any]]


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


@pytest.fixture(scope="module")
def twin(shop: Shop) -> Serve:
    """The portable twin with the options of `options_of`."""
    return portable_twin(shop, options_of(shop))


def portable_twin(shop: Shop, options: ServingOptions) -> Serve:
    """Returns the portable twin before it is saved."""
    towers = Towers(shop.model)
    candidates = embed_candidates(
        towers, read_raw_catalogue(shop.catalogue, shop.table), shop.table
    )
    exact = ExactSearch(tf.Variable(candidates.embedding))
    items = ItemTable(candidates.item_id)
    retrieval = Retrieval(exact, exact, condition_search(candidates), UnavailableItems(items))
    signatures = by_request_names(ServingModel(towers, items, retrieval, options))

    def serve(signature: str, inputs: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
        answer = signatures[signature](**{name: tf.constant(x) for name, x in inputs.items()})
        return {name: tensor.numpy() for name, tensor in answer.items()}

    return serve


def cases_of(shop: Shop) -> ParityCases:
    catalogue = read_raw_catalogue(shop.catalogue, shop.table)
    found = read_parity_cases(shop.model, shop.windows, catalogue, options_of(shop))
    assert found is not None
    return found


def test_portable_twin_of_the_trained_towers_passes(shop: Shop, twin: Serve) -> None:
    cases = cases_of(shop)

    compared = replay_cases(twin, cases.cases)
    parity = parity_result(cases, {name: asdict(one) for name, one in compared.items()})

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


def test_twin_that_returns_items_of_the_history_is_rejected(shop: Shop) -> None:
    cases = cases_of(shop)
    other = options_of(shop, exclude_history=False)

    compared = replay_cases(portable_twin(shop, other), cases.cases)
    parity = parity_result(cases, {name: asdict(one) for name, one in compared.items()})

    assert not parity.gate.passed
    wrong = {name for name, one in compared.items() if not one.is_equal}
    assert wrong == {serving.DEFAULT, serving.RECOMMEND, serving.RECOMMEND_EXAMPLES}


def test_different_similar_items_are_rejected(shop: Shop, twin: Serve) -> None:
    cases = cases_of(shop)

    def shuffled(signature: str, inputs: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
        answer = twin(signature, inputs)
        if signature == serving.SIMILAR_ITEMS:
            answer["item_id"] = answer["item_id"][:, ::-1]
        return answer

    compared = replay_cases(shuffled, cases.cases)
    parity = parity_result(cases, {name: asdict(one) for name, one in compared.items()})

    assert compared[serving.SIMILAR_ITEMS].equal_lists == 0.0
    assert (
        "similar_items returns other ids than training in 100.0% of 40 lists" in parity.gate.reason
    )


def test_missing_queries_and_items_are_counted_and_rejected(shop: Shop, twin: Serve) -> None:
    sample = shop_sample(shop)
    item_id, window = sample.item_id.copy(), sample.window.copy()
    item_id[3], window[5] = b"gone", b"another window"
    windows = read_raw_windows(shop.windows, "eval", shop.table)
    catalogue = read_raw_catalogue(shop.catalogue, shop.table)
    changed_sample = replace(sample, item_id=item_id, window=window)

    cases = build_parity_cases(changed_sample, windows, catalogue, options_of(shop))
    compared = replay_cases(twin, cases.cases)
    parity = parity_result(cases, {name: asdict(one) for name, one in compared.items()})

    assert (cases.num_missing, cases.num_ambiguous) == (2, 0)
    assert all(one.is_equal for one in compared.values())
    assert compared[serving.RECOMMEND].rows == NUM_QUERIES - 1
    assert compared[serving.SIMILAR_ITEMS].rows == NUM_ITEMS - 1
    assert not parity.gate.passed


def test_reindex_compares_only_query_embeddings_and_reports_it(shop: Shop, twin: Serve) -> None:
    catalogue, options = read_raw_catalogue(shop.catalogue, shop.table), options_of(shop)
    none_left = RawCatalogue(catalogue.item_id[:0], catalogue.available_at[:0], {})
    cases = read_parity_cases(shop.model, shop.windows, none_left, options, is_reindex=True)
    assert cases is not None

    compared = replay_cases(twin, cases.cases)
    parity = parity_result(cases, {name: asdict(one) for name, one in compared.items()})

    assert {name: one.rows for name, one in compared.items()} == {
        serving.QUERY_EMBEDDING: NUM_QUERIES
    }
    assert parity.gate.passed
    assert "are not compared" in parity.gate.reason
    assert "are not compared" in parity.report["left_out"]
    wrong = {name: asdict(replace(one, max_difference=1.0)) for name, one in compared.items()}
    assert not parity_result(cases, wrong).gate.passed


def test_model_without_sample_has_no_cases(shop: Shop, tmp_path: Path) -> None:
    catalogue = read_raw_catalogue(shop.catalogue, shop.table)

    assert read_parity_cases(str(tmp_path), shop.windows, catalogue, options_of(shop)) is None
    assert parity_result(None, {}).gate.passed


def test_cases_are_read_as_written(shop: Shop, tmp_path: Path) -> None:
    cases = cases_of(shop).cases
    path = str(tmp_path / "cases")

    write_cases(path, cases)
    found = list(read_cases(path))

    def flat(case: ParityCase) -> dict[str, npt.NDArray[Any]]:
        return {**case.request[1], **{f"trained {n}": x for n, x in case.trained.items()}}

    assert [case.request[0] for case in found] == [case.request[0] for case in cases]
    for one, other in zip(found, cases, strict=True):
        assert set(flat(one)) == set(flat(other))
        for name, values in flat(other).items():
            np.testing.assert_array_equal(flat(one)[name], values)
    write_cases(path, [])
    assert list(read_cases(path)) == []
