"""Columns of ids are normalised; an id of which nothing remains is missing."""

import pyarrow as pa

from components.id_normalisation import IdNormaliser
from components.records.column_values import convert_ids
from components.records.normalise_ids import normalise_ids
from schemas.events import RejectReason
from schemas.features import ITEM_ID, USER_ID
from schemas.id_settings import IdsSettings
from schemas.settings import from_dict


def test_ids_of_users_and_items_are_normalised() -> None:
    columns = {
        USER_ID: convert_ids(["1.0", "\u200b", ""], USER_ID),
        ITEM_ID: convert_ids(["SKU-1", "sku-1", "7.00"], ITEM_ID),
        "title": convert_ids(["A.0", "B.0", "C.0"], "title"),
    }
    assert normalise_ids(columns, IdNormaliser()) == columns
    rules = from_dict(IdsSettings, {"normalise": ["case", "decimal_zero", "trim"]})
    found = normalise_ids(columns, IdNormaliser(rules))
    assert found[USER_ID].values == pa.array(["1", "", ""])
    assert found[ITEM_ID].values == pa.array(["sku-1", "sku-1", "7"])
    assert found["title"] == columns["title"]
    reasons = {row: error.reason for row, error in found[USER_ID].failures.items()}
    assert reasons == {1: RejectReason.MISSING_FIELD, 2: RejectReason.MISSING_FIELD}
    assert found[USER_ID].failures[1].detail == ("user_id is '\\u200b', empty after ids.normalise")
