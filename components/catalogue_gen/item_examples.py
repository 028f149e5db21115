"""Items as tf.Examples."""

from collections.abc import Sequence

from components.catalogue_gen.parse import FeatureValue
from components.example_gen import encode as e
from components.example_gen.user_examples import single_features
from schemas.features import AVAILABLE_AT, ITEM_ID, Feature


def item_example(
    item_id: str,
    available_at: int,
    values: Sequence[FeatureValue],
    features: tuple[Feature, ...],
) -> bytes:
    """One example of the `catalogue` split (`schemas.tfmd.catalogue_schema`)."""
    encoded = [
        e.bytes_feature(ITEM_ID, e.text_value(item_id)),
        e.int_feature(AVAILABLE_AT, e.varint(available_at)),
    ]
    for feature, value in zip(features, values, strict=True):
        if isinstance(value, tuple):
            encoded.append(e.bytes_feature(feature.name, b"".join(map(e.text_value, value))))
        else:
            encoded += single_features([feature], [value])
    return e.example(encoded)
