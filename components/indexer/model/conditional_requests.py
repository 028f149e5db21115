"""Conditions of sample requests, with which a model evaluates every condition that it has."""

from typing import Any

import numpy as np
import numpy.typing as npt

from components.examples.read import RawCatalogue
from schemas import serving
from schemas.features import MISSING_INTEGER, MISSING_NUMBER, Feature, FeatureTable

# The vectors of all items that fulfil the conditions are copied, so they are few.
_NUM_LISTED = 200
_WEIGHT = 0.1
_SEED = 19

Inputs = dict[str, npt.NDArray[Any]]


def two_conditional_inputs(catalogue: RawCatalogue, table: FeatureTable) -> Inputs:
    """Returns the conditions of two `recommend` requests.

    Both rank a list of random items. The first one demands the categories and the numbers of one of
    them, which has as many as any, and the second one gives weight to all numbers.

    Args:
      catalogue: The raw catalogue.
      table: The features.

    Returns:
      The inputs for conditions of `recommend`, with two rows.
    """
    rows = np.random.default_rng(_SEED).permutation(len(catalogue))[:_NUM_LISTED]
    listed = catalogue.item_id[rows].astype(object)
    inputs: Inputs = {serving.RESTRICT_ITEM_ID: np.stack([listed, listed])}
    columns = [catalogue.features[feature.name][rows] for feature in table.item]
    demanded = int(np.argmax(sum(map(_is_given, columns), np.zeros(len(rows), np.int64))))
    for feature, column in zip(table.item, columns, strict=True):
        inputs |= _feature_inputs(feature, column[demanded])
    return inputs


def _feature_inputs(feature: Feature, value: Any) -> Inputs:
    """Returns the conditions on a feature: the first request demands a value."""
    name = serving.FILTER_PREFIX + feature.name
    if feature.holds_categories:
        values = np.append(np.asarray(value, object), b"")
        return {name: np.stack([values, np.full_like(values, b"")])}
    if not (feature.is_number or feature.is_timestamp):
        return {}
    missing, dtype = (
        (MISSING_INTEGER, np.int64) if feature.is_timestamp else (MISSING_NUMBER, np.float32)
    )
    bound = np.array([value, missing], dtype)
    return {
        name + serving.MIN_SUFFIX: bound,
        name + serving.MAX_SUFFIX: bound,
        serving.BOOST_PREFIX + feature.name: np.array([MISSING_NUMBER, _WEIGHT], np.float32),
    }


def _is_given(column: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Returns whether each item has a value, [num_items]."""
    if column.dtype == object:
        is_text = column != b""
        return is_text.any(axis=1) if is_text.ndim == 2 else is_text
    if np.issubdtype(column.dtype, np.integer):
        return np.asarray(column != MISSING_INTEGER)
    return np.asarray(np.isfinite(column))
