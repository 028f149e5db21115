"""Normalisation of the columns of ids of records (`components.id_normalisation`)."""

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from components.id_normalisation import IdNormaliser
from components.records.column_values import ConvertedColumn
from components.records.fields import FieldError
from schemas.events import RejectReason
from schemas.features import ITEM_ID, USER_ID


def normalise_ids(
    converted: Mapping[str, ConvertedColumn], normalise: IdNormaliser
) -> dict[str, ConvertedColumn]:
    """Returns the columns, with normalised ids of users and items.

    An id of which nothing remains fails as missing.

    Args:
      converted: Converted columns of [num_rows] by name.
      normalise: The rules of the settings; without any, the columns are returned unchanged.
    """
    columns = dict(converted)
    if normalise:
        for name in (USER_ID, ITEM_ID):
            if name in columns:
                columns[name] = _normalised(columns[name], name, normalise)
    return columns


def _normalised(column: ConvertedColumn, name: str, normalise: IdNormaliser) -> ConvertedColumn:
    encoded = column.values.dictionary_encode()
    texts = [normalise(text) for text in encoded.dictionary.to_pylist()]
    values = pa.array(texts, pa.string()).take(encoded.indices)
    failures = dict(column.failures)
    if "" in texts:
        for row, text in enumerate(values.to_pylist()):
            if not text and row not in failures:
                detail = f"{name} is {column.values[row].as_py()!r}, empty after ids.normalise"
                failures[row] = FieldError(RejectReason.MISSING_FIELD, detail)
    return replace(column, values=values, failures=failures)
