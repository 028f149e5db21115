"""Encoding of items as serialised tf.Examples."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.catalogue_gen.item_table import feature_column
from components.examples import encode
from components.examples.encode_batch import (
    examples,
    features,
    grouped,
    grouped_floats,
    int_elements,
    text_elements,
)
from schemas.features import AVAILABLE_AT, ITEM_ID, Feature
from schemas.source_settings import FeatureKind


def item_examples(items: pa.Table, columns: Sequence[Feature]) -> pa.BinaryArray:
    """Returns serialised examples of items, with the features of `tfmd.catalogue_schema`.

    Args:
      items: [num_items] rows with at least the columns of `item_table.items_without_content`.
      columns: The item features.
    """
    ids, available_at = (items.column(name).combine_chunks() for name in (ITEM_ID, AVAILABLE_AT))
    parts = [
        *features(ITEM_ID, text_elements(ids), encode.bytes_header),
        *features(AVAILABLE_AT, int_elements(available_at.to_numpy()), encode.int_header),
    ]
    for feature in columns:
        parts += _feature(feature, items.column(feature_column(feature)).combine_chunks())
    return examples(parts)


def _feature(feature: Feature, values: pa.Array) -> list[pa.BinaryArray]:
    if feature.is_number:
        floats = grouped_floats(values.to_numpy(), np.arange(len(values) + 1))
        return features(feature.key, floats, encode.float_header)
    if feature.is_timestamp:
        return features(feature.key, int_elements(values.to_numpy()), encode.int_header)
    if feature.kind is FeatureKind.CATEGORIES:
        lengths = pc.list_value_length(values).to_numpy()
        texts = values.flatten()
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        elements = grouped(text_elements(texts), np.arange(len(texts)), offsets)
        return features(feature.key, elements, encode.bytes_header)
    return features(feature.key, text_elements(values), encode.bytes_header)
