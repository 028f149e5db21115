"""The queries on which the searches are tuned are those that the signatures send."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.examples.read import read_raw_catalogue
from components.indexer.model.candidates import embed_candidates
from components.indexer.model.held_out_requests import read_held_out_requests
from components.indexer.model.sample_requests import sample_for_signatures
from components.indexer.model.serving_model import ServingOptions
from components.indexer.model.towers import Towers
from components.indexer.model.tuning_queries import item_queries, other_queries, user_queries
from schemas import serving, serving_specs
from tests.serving.fake_towers import item_queries as expected_item_queries
from tests.serving.shop import MAX_HISTORY, make_shop

NUM_ITEMS = 60


@pytest.mark.parametrize("exclude_history", [True, False])
def test_each_kind_has_the_queries_of_its_signature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exclude_history: bool
) -> None:
    shop = make_shop(str(tmp_path), NUM_ITEMS)
    towers = Towers(shop.model)
    candidates = embed_candidates(
        towers, read_raw_catalogue(shop.catalogue, shop.table), shop.table
    )
    held_out = read_held_out_requests(shop.windows, shop.table, MAX_HISTORY, 12)
    options = ServingOptions(shop.table, 4, 8, MAX_HISTORY, exclude_history)
    sent = []
    query = Towers._call

    def record(self: Towers, signature: str, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        if signature == serving.QUERY_EMBEDDING:
            sent.append({name: values.numpy() for name, values in inputs.items()})
        return query(self, signature, inputs)

    monkeypatch.setattr(Towers, "_call", record)
    users = user_queries(towers, candidates, held_out, options)
    others = other_queries(towers, candidates, held_out, options)

    assert set(others) == {serving.DEFAULT, serving.SIMILAR_ITEMS}
    width = MAX_HISTORY if exclude_history else 0
    assert users.exclude_rows.shape == others[serving.DEFAULT].exclude_rows.shape == (12, width)
    user_ids = held_out.requests["user_id"]
    for queries in (users, others[serving.DEFAULT]):
        same_user = queries.users[:, None] == queries.users
        assert np.array_equal(same_user, user_ids[:, None] == user_ids)
    assert len(set(others[serving.SIMILAR_ITEMS].users)) == NUM_ITEMS
    complete, default = sent
    specs = serving_specs.query_specs(shop.table)
    for name, spec in specs.items():
        is_given = name in serving_specs.default_specs()
        same = np.array_equal(complete[spec.name], default[spec.name], equal_nan=False)
        assert is_given == same, name


def test_item_queries_exclude_their_item(tmp_path: Path) -> None:
    shop = make_shop(str(tmp_path), NUM_ITEMS)
    towers = Towers(shop.model)
    candidates = embed_candidates(
        towers, read_raw_catalogue(shop.catalogue, shop.table), shop.table
    )

    queries = item_queries(towers, candidates)

    rows = queries.exclude_rows[:, 0]
    assert sorted(rows) == list(range(NUM_ITEMS))
    assert list(rows) != sorted(rows)
    expected = expected_item_queries(shop.vectors[rows])
    np.testing.assert_allclose(queries.embedding, expected, rtol=1e-6)


def test_probed_items_are_chosen_from_the_whole_catalogue(tmp_path: Path) -> None:
    shop = make_shop(str(tmp_path), NUM_ITEMS)
    catalogue = read_raw_catalogue(shop.catalogue, shop.table)
    held_out = read_held_out_requests(shop.windows, shop.table, MAX_HISTORY, 40)

    requests = list(sample_for_signatures(held_out, catalogue, shop.table, k=4))

    items = [
        inputs["item_id"] for signature, inputs in requests if signature == serving.SIMILAR_ITEMS
    ]
    assert [len(ids) for ids in items] == [*[1] * 16, 8]
    probed = np.concatenate(items)
    assert len(set(probed)) == 24
    assert not set(probed) <= set(catalogue.item_id[:24])
    embedded = [
        inputs["item_id"]
        for signature, inputs in requests
        if signature == serving.CANDIDATE_EMBEDDING
    ]
    np.testing.assert_array_equal(np.concatenate(embedded), probed)
