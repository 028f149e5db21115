"""Builds dense requests for the small shop."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas import serving_specs
from tests.serving.shop import Shop


@dataclass(frozen=True)
class Prices:
    """The bounds of the price in a request, and its weight; NaN for none."""

    least: float = math.nan
    most: float = math.nan
    boost: float = math.nan


NO_PRICES = Prices()


def recommend_request(
    shop: Shop,
    histories: Sequence[Sequence[str]],
    users: Sequence[str] | None = None,
    exclude: Sequence[Sequence[str]] | None = None,
    colours: Sequence[Sequence[str]] | None = None,
    tags: Sequence[Sequence[str]] | None = None,
    prices: Sequence[Prices] | None = None,
    restrict: Sequence[Sequence[str]] | None = None,
    k: int | Sequence[int] = 10,
    width: int = 6,
) -> dict[str, npt.NDArray[Any]]:
    """Returns a `recommend` request; inputs that are not given have missing values."""
    batch = len(histories)
    request: dict[str, npt.NDArray[Any]] = {}
    for name, spec in serving_specs.recommend_specs(shop.table).items():
        shape = [batch, width][: spec.shape.rank]
        missing = serving_specs.missing_value(spec)
        if isinstance(missing, str):
            request[name] = np.full(shape, missing.encode(), object)
        else:
            request[name] = np.full(shape, missing, spec.dtype.as_numpy_dtype)
    request["user_id"] = np.array([u.encode() for u in users or ["user0"] * batch], object)
    request["history_item_id"] = padded(histories, width)
    for name, lists in (
        ("exclude_item_id", exclude),
        ("restrict_item_id", restrict),
        ("filter_colour", colours),
        ("filter_tags", tags),
    ):
        request[name] = padded(lists or [[]] * batch, 3)
    wanted = prices or [Prices()] * batch
    request["filter_price_min"] = np.array([price.least for price in wanted], np.float32)
    request["filter_price_max"] = np.array([price.most for price in wanted], np.float32)
    request["boost_price"] = np.array([price.boost for price in wanted], np.float32)
    request["k"] = np.broadcast_to(np.array(k, np.int32), [batch]).copy()
    return request


def padded(lists: Sequence[Sequence[str]], width: int) -> npt.NDArray[np.object_]:
    """Returns lists as an array [num_lists, at least width] of bytes, padded with b""."""
    width = max([width, *(len(values) for values in lists)])
    rows = [[v.encode() for v in values] + [b""] * (width - len(values)) for values in lists]
    return np.array(rows, object).reshape(len(lists), width)


def one_row(request: dict[str, npt.NDArray[Any]], row: int) -> dict[str, npt.NDArray[Any]]:
    """Returns the request of a single row."""
    return {name: values[row : row + 1] for name, values in request.items()}
