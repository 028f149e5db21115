"""Builds requests for every signature from held-out requests, for warm-up and for the probe."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.examples.read import RawCatalogue
from components.indexer.model.candidates import raw_items
from components.indexer.model.conditional_requests import two_conditional_inputs
from components.indexer.model.held_out_requests import HeldOutRequests
from components.indexer.model.warmup import Request
from schemas import serving, serving_specs
from schemas.features import ITEM_ID, FeatureTable

_NUM_SINGLE = 16
_BATCH = 8
_SEED = 17


def sample_for_signatures(
    held_out: HeldOutRequests, catalogue: RawCatalogue, table: FeatureTable, k: int
) -> Iterator[Request]:
    """Yields single requests and one batch for each signature, and two requests with conditions.

    The two are one batch, for `recommend` and for `recommend_examples`. The items are chosen at
    random: those of one part of a sorted catalogue may be easier or harder to find than the others.

    Args:
      held_out: Requests from held-out windows.
      catalogue: The raw catalogue.
      table: The features, which determine the inputs.
      k: Number of items per `recommend` request.

    Yields:
      Pairs of signature and inputs.
    """
    items = raw_items(catalogue)
    for rows in _batches(len(held_out)):
        query = {name: values[rows] for name, values in held_out.requests.items()}
        recommend = {**query, **unrestricted_inputs(table, len(rows), k)}
        yield serving.RECOMMEND, recommend
        yield serving.DEFAULT, {name: query[name] for name in serving_specs.default_specs()}
        yield serving.RECOMMEND_EXAMPLES, {serving.EXAMPLES: to_examples(recommend)}
        yield serving.QUERY_EMBEDDING, query
    two = np.arange(2) % len(held_out)
    conditional = {
        **{name: values[two] for name, values in held_out.requests.items()},
        **unrestricted_inputs(table, len(two), k),
        **two_conditional_inputs(catalogue, table),
    }
    yield serving.RECOMMEND, conditional
    yield serving.RECOMMEND_EXAMPLES, {serving.EXAMPLES: to_examples(conditional)}
    chosen = np.random.default_rng(_SEED).permutation(len(catalogue))
    for places in _batches(len(catalogue)):
        rows = chosen[places]
        yield serving.SIMILAR_ITEMS, {ITEM_ID: catalogue.item_id[rows]}
        yield serving.CANDIDATE_EMBEDDING, {name: values[rows] for name, values in items.items()}


def to_examples(requests: dict[str, npt.NDArray[Any]]) -> npt.NDArray[np.object_]:
    """Serialises dense requests as tf.Examples, without missing values.

    Args:
      requests: The inputs of `recommend`, [B, …] each.

    Returns:
      [B] bytes, one serialised tf.Example per row.
    """
    batch = len(next(iter(requests.values())))
    examples = []
    for row in range(batch):
        features = {
            name: _feature(values[row : row + 1].ravel()) for name, values in requests.items()
        }
        present = {name: feature for name, feature in features.items() if feature is not None}
        example = tf.train.Example(features=tf.train.Features(feature=present))
        examples.append(example.SerializeToString())
    return np.array(examples, object)


def _feature(values: npt.NDArray[Any]) -> tf.train.Feature | None:
    if values.dtype == object:
        (present,) = np.nonzero(values != b"")
        if not len(present):
            return None
        unpadded = values[: present[-1] + 1]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=unpadded))
    if np.issubdtype(values.dtype, np.integer):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def unrestricted_inputs(table: FeatureTable, batch: int, k: int) -> dict[str, npt.NDArray[Any]]:
    """Returns the inputs of `recommend` besides the query: no conditions, one k."""
    query = serving_specs.query_specs(table)
    inputs: dict[str, npt.NDArray[Any]] = {}
    for name, spec in serving_specs.recommend_specs(table).items():
        if name in query:
            continue
        missing = serving_specs.missing_value(spec)
        if isinstance(missing, str):
            inputs[name] = np.full((batch, 1), missing.encode(), object)
        else:
            inputs[name] = np.full(batch, missing, spec.dtype.as_numpy_dtype)
    return {**inputs, serving.K: np.full(batch, k, np.int32)}


def _batches(num_rows: int) -> list[npt.NDArray[np.int64]]:
    """Returns single rows and one batch, with other rows where there are enough."""
    singles = [np.array([row]) for row in range(min(num_rows, _NUM_SINGLE))]
    end = min(num_rows, _NUM_SINGLE + _BATCH)
    return [*singles, np.arange(max(end - _BATCH, 0), end)]
