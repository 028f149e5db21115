"""The rows of sample requests: their users, and whether they have conditions."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas import features as f
from schemas import serving

Inputs = dict[str, npt.NDArray[Any]]


def users_of(signature: str, inputs: Inputs) -> npt.NDArray[np.object_]:
    """Returns the [B] user of each row; its item if the signature takes no user."""
    if signature == serving.SIMILAR_ITEMS:
        return inputs[f.ITEM_ID]
    if signature != serving.RECOMMEND_EXAMPLES:
        return inputs[f.USER_ID]
    # A missing value has no feature.
    users = [values[0] if values else b"" for values in _example_texts(inputs, f.USER_ID)]
    return np.array(users, object)


def has_conditions(signature: str, inputs: Inputs) -> bool:
    """Returns whether the rows of a sample request have conditions, which include a list of items.

    Such rows are answered exactly by every model.
    """
    if signature == serving.RECOMMEND_EXAMPLES:
        return any(_example_texts(inputs, serving.RESTRICT_ITEM_ID))
    return any((inputs.get(serving.RESTRICT_ITEM_ID, np.empty(0, object)) != b"").flat)


def _example_texts(inputs: Inputs, name: str) -> Iterator[list[bytes]]:
    """Yields the texts of a feature in each serialised example."""
    for row in inputs[serving.EXAMPLES]:
        features = tf.train.Example.FromString(row).features.feature
        yield list(features[name].bytes_list.value)
