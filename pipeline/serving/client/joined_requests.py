"""The inputs of the signature `recommend` for several requests, as the rows of one call."""

from collections.abc import Sequence
from typing import Any

from pipeline.serving.client.recommend_inputs import Request, recommend_inputs
from pipeline.serving.client.signature import Signature


def joined_inputs(requests: Sequence[Request], signature: Signature) -> dict[str, Any]:
    """Returns every input of the signature, with one row per request.

    Lists are padded with missing values, which the model ignores, to the length of the longest.

    Args:
      requests: At least one request.
      signature: The signature `recommend`.

    Raises:
      InputError: The signature has no such feature, filter or column of the history.
    """
    rows = [recommend_inputs(request, signature) for request in requests]
    return {
        name: _padded([row[name][0] for row in rows], info.dtype.missing)
        for name, info in signature.inputs.items()
    }


def _padded(values: list[Any], missing: str | int | float) -> list[Any]:
    """Returns the values of an input; lists all have the length of the longest."""
    if not isinstance(values[0], list):
        return values
    width = max(map(len, values))
    return [value + [missing] * (width - len(value)) for value in values]
