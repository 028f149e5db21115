"""Requests for every signature, made from held-out ones: for warm-up, and for the probe."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from components.examples.read import RawCatalogue
from components.indexer.model.candidates import raw_items
from components.indexer.model.held_out_requests import HeldOut
from components.indexer.model.warmup import Request
from schemas import serving
from schemas.features import ITEM_ID, FeatureTable

_NUM_SINGLE = 16
_BATCH = 8


def sample_for_signatures(
    held_out: HeldOut, catalogue: RawCatalogue, table: FeatureTable, k: int
) -> Iterator[Request]:
    """Single requests and one batch for each signature.

    Args:
      held_out: Real queries.
      catalogue: The raw catalogue.
      table: The features, which name the inputs.
      k: Items that each `recommend` asks for.
    """
    items = raw_items(catalogue)
    for rows in _batches(len(held_out)):
        query = {name: values[rows] for name, values in held_out.requests.items()}
        recommend = {**query, **choices(table, len(rows), k)}
        yield serving.RECOMMEND, recommend
        yield serving.DEFAULT, {name: query[name] for name in serving.default_specs()}
        yield serving.RECOMMEND_EXAMPLES, {serving.EXAMPLES: to_examples(recommend)}
        yield serving.QUERY_EMBEDDING, query
    for rows in _batches(len(catalogue)):
        yield serving.SIMILAR_ITEMS, {ITEM_ID: catalogue.item_id[rows]}
        yield serving.CANDIDATE_EMBEDDING, {name: values[rows] for name, values in items.items()}


def to_examples(requests: dict[str, np.ndarray]) -> np.ndarray:
    """[B] bytes: each row of dense inputs as a serialised tf.Example that omits what is missing."""
    batch = len(next(iter(requests.values())))
    examples = []
    for row in range(batch):
        features = {
            name: _feature(values[row : row + 1].ravel()) for name, values in requests.items()
        }
        known = {name: feature for name, feature in features.items() if feature is not None}
        example = tf.train.Example(features=tf.train.Features(feature=known))
        examples.append(example.SerializeToString())
    return np.array(examples, object)


def _feature(values: np.ndarray) -> tf.train.Feature | None:
    if values.dtype == object:
        known = np.flatnonzero(values != b"")
        if not len(known):
            return None
        kept = values[: known[-1] + 1]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=kept))
    if np.issubdtype(values.dtype, np.integer):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def choices(table: FeatureTable, batch: int, k: int) -> dict[str, np.ndarray]:
    """What `recommend` takes besides the query: no exclusions, no filters, the same k for all."""
    nothing = np.full((batch, 1), b"", object)
    filters = {serving.FILTER_PREFIX + feature.name: nothing for feature in table.item_filters}
    return {
        serving.EXCLUDE_ITEM_ID: nothing,
        **filters,
        serving.K: np.full(batch, k, np.int32),
    }


def _batches(num_rows: int) -> list[np.ndarray]:
    singles = [np.array([row]) for row in range(min(num_rows, _NUM_SINGLE))]
    return [*singles, np.arange(min(num_rows, _BATCH))]
