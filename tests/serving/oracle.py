"""The expected answers of the model, computed with NumPy."""

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas import serving
from schemas.features import USER_ID
from tests.serving.fake_towers import user_vectors
from tests.serving.shop import Shop, colour, price, tags


def query(shop: Shop, user: bytes, history: list[bytes]) -> npt.NDArray[Any]:
    """Returns the query embedding of the fake towers, [dim]."""
    bucket = int(tf.strings.to_hash_bucket_fast(user, 100))
    return user_vectors(shop.vectors.shape[1])[bucket] + sum(
        (shop.vectors[row] for row in _rows(shop, history)), np.zeros(shop.vectors.shape[1])
    )


def ranking(
    shop: Shop,
    embedding: npt.NDArray[Any],
    excluded: list[bytes],
    k: int,
    eligible: npt.NDArray[Any],
    boost: npt.NDArray[Any] | float = 0.0,
) -> tuple[list[bytes], npt.NDArray[Any]]:
    """Returns the k best eligible items that are not excluded, and their scores."""
    scores = shop.vectors @ embedding + boost
    allowed = eligible.copy()
    allowed[_rows(shop, excluded)] = False
    rows = [row for row in np.argsort(-scores, kind="stable") if allowed[row]][:k]
    return [shop.item_id[row].encode() for row in rows], scores[rows]


def recommend(
    shop: Shop,
    request: dict[str, npt.NDArray[Any]],
    row: int,
    default_k: int,
    max_k: int,
    unavailable: tuple[str, ...] = (),
) -> tuple[list[bytes], npt.NDArray[Any]]:
    """Returns the answer to one row of a `recommend` request, without padding."""
    history = list(request[serving.HISTORY_ITEM_ID][row])
    hidden = history if shop.data.repeat_interactions == "exclude" else []
    k = int(request[serving.K][row])
    return ranking(
        shop,
        query(shop, request[USER_ID][row], history),
        [
            *hidden,
            *request[serving.EXCLUDE_ITEM_ID][row],
            *(item.encode() for item in unavailable),
        ],
        min(default_k if k < 0 else k, max_k),
        passes(shop, request, row),
        _boost(shop, request, row),
    )


def passes(shop: Shop, request: dict[str, npt.NDArray[Any]], row: int) -> npt.NDArray[Any]:
    """Returns a mask of the items that pass all filters of a row, [num_items] bool."""
    wanted_colours = {value.decode() for value in request["filter_colour"][row] if value}
    wanted_tags = {value.decode() for value in request["filter_tags"][row] if value}
    least, most = request["filter_price_min"][row], request["filter_price_max"][row]
    restrict = {item for item in request["restrict_item_id"][row] if item}
    return np.array(
        [
            (not restrict or shop.item_id[item].encode() in restrict)
            # Comparisons with NaN are false.
            and not (price(item) < least or price(item) > most)
            and (not wanted_colours or colour(item) in wanted_colours)
            and (not wanted_tags or bool(wanted_tags & set(tags(item))))
            for item in range(len(shop.item_id))
        ]
    )


def _boost(shop: Shop, request: dict[str, npt.NDArray[Any]], row: int) -> npt.NDArray[Any]:
    """Returns what the weight of the price adds to the score of each item, [num_items]."""
    prices = np.array([price(item) for item in range(len(shop.item_id))], np.float64)
    weight = np.nan_to_num(request["boost_price"][row], nan=0.0)
    return weight * (prices - prices.mean()) / (prices.std() or 1.0)


def _rows(shop: Shop, item_ids: list[bytes]) -> list[int]:
    known = {item.encode(): row for row, item in enumerate(shop.item_id)}
    return [known[item] for item in item_ids if item in known]
