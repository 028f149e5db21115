"""Sample requests with conditions use every condition of a model."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from components.examples.read import RawCatalogue, read_raw_catalogue
from components.indexer.model.conditional_requests import two_conditional_inputs
from components.indexer.model.held_out_requests import HeldOutRequests, read_held_out_requests
from components.indexer.model.sample_requests import sample_for_signatures
from components.indexer.probe.request_rows import has_conditions, users_of
from schemas import serving, serving_specs
from schemas.features import Feature, FeatureTable
from schemas.source_settings import FeatureKind
from tests.serving.shop import MAX_HISTORY, make_shop

TABLE = FeatureTable(
    item=(
        Feature("title", FeatureKind.TEXT, "title"),
        Feature("colour", FeatureKind.CATEGORY, "colour"),
        Feature("tags", FeatureKind.CATEGORIES, "tags"),
        Feature("price", FeatureKind.NUMBER, "price"),
        Feature("listed", FeatureKind.TIMESTAMP, "listed"),
    )
)


def catalogue(num_items: int, complete: int) -> RawCatalogue:
    """Returns items without features, but for one that has all."""
    colour = np.full(num_items, b"", object)
    tags = np.full((num_items, 2), b"", object)
    price = np.full(num_items, np.nan, np.float32)
    listed = np.full(num_items, -1, np.int64)
    colour[complete], tags[complete], price[complete], listed[complete] = b"red", [b"a", b""], 3, 7
    title = np.array([b"title"] * num_items, object)
    return RawCatalogue(
        item_id=np.array([b"item%d" % row for row in range(num_items)], object),
        available_at=listed,
        features={
            "title": title,
            "colour": colour,
            "tags": tags,
            "price": price,
            "listed": listed,
        },
    )


def test_one_request_demands_the_features_of_an_item_and_one_gives_weights() -> None:
    inputs = two_conditional_inputs(catalogue(50, complete=31), TABLE)

    query = serving_specs.query_specs(TABLE)
    specs = serving_specs.recommend_specs(TABLE)
    assert set(inputs) == set(specs) - set(query) - {serving.EXCLUDE_ITEM_ID, serving.K}
    for name, values in inputs.items():
        assert values.shape[0] == 2
        assert values.ndim == specs[name].shape.rank
        if values.dtype != object:
            assert values.dtype == specs[name].dtype.as_numpy_dtype, name
    assert set(inputs["restrict_item_id"][0]) == {b"item%d" % row for row in range(50)}
    assert inputs["filter_colour"].tolist() == [[b"red", b""], [b"", b""]]
    assert inputs["filter_tags"].tolist() == [[b"a", b"", b""], [b"", b"", b""]]
    for name, value in (("price", 3), ("listed", 7)):
        for suffix in ("min", "max"):
            assert inputs[f"filter_{name}_{suffix}"][0] == value
        assert np.isnan(inputs[f"boost_{name}"][0])
        assert inputs[f"boost_{name}"][1] > 0
    assert np.isnan(inputs["filter_price_min"][1])
    assert inputs["filter_listed_max"][1] == -1


def test_the_list_is_short_whatever_the_catalogue() -> None:
    inputs = two_conditional_inputs(catalogue(5000, complete=0), TABLE)
    assert inputs["restrict_item_id"].shape == (2, 200)
    assert list(two_conditional_inputs(catalogue(1, complete=0), FeatureTable())) == [
        "restrict_item_id"
    ]


def test_single_requests_have_no_conditions(tmp_path: Path) -> None:
    shop = make_shop(str(tmp_path), 60)
    items = read_raw_catalogue(shop.catalogue, shop.table)
    held_out = read_held_out_requests(shop.windows, shop.table, MAX_HISTORY, 40)
    for sample in (held_out, HeldOutRequests("test", _first(held_out, 1))):
        requests = list(sample_for_signatures(sample, items, shop.table, k=4))

        conditional = [request for request in requests if has_conditions(*request)]

        assert [name for name, _ in conditional] == [serving.RECOMMEND, serving.RECOMMEND_EXAMPLES]
        (_, dense), (_, serialised) = conditional
        assert len(dense[serving.K]) == len(serialised[serving.EXAMPLES]) == 2
        assert list(users_of(*conditional[0])) == list(users_of(*conditional[1]))


def _first(held_out: HeldOutRequests, number: int) -> dict[str, npt.NDArray[Any]]:
    return {name: values[:number] for name, values in held_out.requests.items()}
