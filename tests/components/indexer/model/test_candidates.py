"""The embedded catalogue: the time of its embeddings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.examples.read import RawCatalogue, read_raw_catalogue
from components.indexer.model.candidates import embed_candidates
from components.indexer.model.towers import Towers
from schemas import serving
from schemas.errors import InputError
from tests.serving.shop import Shop, make_shop

NUM_ITEMS = 5


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(str(tmp_path_factory.mktemp("shop")), NUM_ITEMS)


def catalogue_of(shop: Shop, *available_at_s: int) -> RawCatalogue:
    read = read_raw_catalogue(shop.catalogue, shop.table)
    return replace(read, available_at=np.array(available_at_s))


@pytest.mark.parametrize(
    ("is_reindex", "available_at_s", "as_of_s"),
    [
        (False, (-1, 7, 9, 8, -1), -1),
        (True, (-1, 7, 9, 8, -1), 9),
        (True, (-1,) * NUM_ITEMS, -1),
    ],
)
def test_reindex_embeds_items_as_of_the_newest_item(
    shop: Shop, is_reindex: bool, available_at_s: tuple[int, ...], as_of_s: int
) -> None:
    catalogue = catalogue_of(shop, *available_at_s)

    candidates = embed_candidates(Towers(shop.model), catalogue, shop.table, is_reindex)

    # The fake towers return the requested time.
    assert candidates.as_of_s == as_of_s
    np.testing.assert_allclose(candidates.embedding, shop.vectors, rtol=1e-6)


def test_towers_of_an_older_version_are_rejected(shop: Shop, tmp_path: Path) -> None:
    loaded = tf.saved_model.load(shop.model)
    signatures = dict(loaded.signatures.items())
    del signatures[serving.CANDIDATE_EMBEDDING_AS_OF]
    tf.saved_model.save(loaded, str(tmp_path), signatures)

    with pytest.raises(InputError, match="exported by an older version of twotower"):
        Towers(str(tmp_path))


def test_another_order_keeps_id_vector_and_categories_together(shop: Shop) -> None:
    catalogue = catalogue_of(shop, *[-1] * NUM_ITEMS)
    candidates = embed_candidates(Towers(shop.model), catalogue, shop.table)
    rows = np.array([3, 0, 4, 1, 2])

    ordered = candidates.ordered(rows)

    np.testing.assert_array_equal(ordered.item_id, candidates.item_id[rows])
    np.testing.assert_array_equal(ordered.embedding, candidates.embedding[rows])
    assert ordered.categories.keys() == candidates.categories.keys()
    for key, values in ordered.categories.items():
        np.testing.assert_array_equal(values, candidates.categories[key][rows])
    assert ordered.as_of_s == candidates.as_of_s
