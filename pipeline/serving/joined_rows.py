"""Joins the rows of requests into one request, and splits its answer."""

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from pipeline.serving.signature import Arrays, Signature, TensorInfo
from schemas import serving, serving_specs

JoinKey = tuple[int, ...]


def num_rows(inputs: Arrays) -> int:
    """Returns the number of rows of a request, 1 if its inputs have no common number."""
    sizes = {values.shape[0] if values.ndim else -1 for values in inputs.values()}
    return sizes.pop() if len(sizes) == 1 and min(sizes) > 0 else 1


def join_key(signature: Signature, inputs: Arrays) -> JoinKey | None:
    """Returns a key that is equal for requests that can be joined; None if this one cannot be.

    Lists are padded to those of the longest request. The key has the lengths of the lists, rounded
    up to powers of two, so that padding at most doubles the work.

    The width of the answer depends on the inputs if a signature has a `k`. It is known only if
    each row states its own, so not for the default k, and not for serialised examples.

    Args:
      signature: The signature.
      inputs: Inputs that fit it.
    """
    if signature.name == serving.RECOMMEND_EXAMPLES or not _has_rows(signature, inputs):
        return None
    k = inputs.get(serving.K)
    if k is not None and (k < 0).any():
        return None
    return tuple(
        1 << max(size - 1, 0).bit_length()
        for name in signature.inputs
        for size in inputs[name].shape[1:]
    )


def join_rows(signature: Signature, requests: list[Arrays]) -> Arrays:
    """Returns the rows of all requests as one request.

    Args:
      signature: The signature.
      requests: Inputs with equal keys (`join_key`).
    """
    return {
        name: _concatenated([inputs[name] for inputs in requests], info)
        for name, info in signature.inputs.items()
    }


def split_rows(signature: Signature, outputs: Arrays, requests: list[Arrays]) -> list[Arrays]:
    """Returns the answer to each of the requests that were joined.

    Args:
      signature: The signature.
      outputs: Its outputs for the joined request, [number of all rows, …] each.
      requests: The requests before they were joined.
    """
    ends = list(itertools.accumulate(num_rows(inputs) for inputs in requests))
    starts = [0, *ends[:-1]]
    return [
        {
            name: _own_width(values[start:end], inputs.get(serving.K))
            for name, values in outputs.items()
        }
        for inputs, start, end in zip(requests, starts, ends, strict=True)
    ]


def _has_rows(signature: Signature, inputs: Arrays) -> bool:
    """Whether all inputs and outputs have rows, and the request has the same number of each."""
    infos = [*signature.inputs.values(), *signature.outputs.values()]
    if any(not info.shape or info.shape[0] is not None for info in infos):
        return False
    sizes = {len(values) for values in inputs.values()}
    return len(sizes) == 1 and min(sizes) > 0


def _concatenated(parts: list[npt.NDArray[Any]], info: TensorInfo) -> npt.NDArray[Any]:
    shape = np.max([part.shape[1:] for part in parts], axis=0).astype(int)
    missing = serving_specs.missing_value(tf.TensorSpec(info.shape, info.dtype))
    fill = missing.encode() if isinstance(missing, str) else missing
    joined = np.full((sum(map(len, parts)), *shape), fill, parts[0].dtype)
    start = 0
    for part in parts:
        place = (slice(start, start + len(part)), *map(slice, part.shape[1:]))
        joined[place] = part
        start += len(part)
    return joined


def _own_width(values: npt.NDArray[Any], k: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
    """Returns rows with the width that they would have alone: their largest k."""
    return values if k is None else values[:, : k.max()]
