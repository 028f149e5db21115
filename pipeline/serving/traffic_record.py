"""The records of the traffic log, made from a request and its answer."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import tensorflow as tf

from components.id_normalisation import IdNormaliser
from components.user_hash import hashed_user_id, is_sampled, key_fingerprint
from pipeline.serving.signature import Arrays
from schemas import serving, traffic
from schemas.features import USER_ID

_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True)
class AnsweredRequest:
    """A request of a signature in `schemas.traffic.SIGNATURES`, and its answer.

    Attributes:
      model: Name of the model.
      version: The version that answered.
      path: Folder of the version, whose manifest has the rules of ids.
      label: The label that the request names, "" without one.
      signature: The signature.
      time_ms: Time of the answer, milliseconds since the epoch, UTC.
      inputs: Its inputs, [rows, …] each.
      outputs: All outputs of the signature, [rows, …] each.
    """

    model: str
    version: int
    path: str
    label: str
    signature: str
    time_ms: int
    inputs: Arrays
    outputs: Arrays

    @property
    def num_rows(self) -> int:
        """The number of rows of the answer."""
        return len(self.outputs[serving.OUTPUT_ITEM_ID])

    @property
    def num_values(self) -> int:
        """The number of ids in inputs and outputs, a measure of the memory that they take."""
        sizes = (values.size for values in (*self.inputs.values(), *self.outputs.values()))
        return sum(sizes)


@dataclass(frozen=True)
class RecordSettings:
    """Which rows become records, and how their users are named.

    Attributes:
      share: The share of users that are logged.
      key: The key with which user ids are hashed; empty to log them as they are.
    """

    share: float = 1.0
    key: bytes = b""


class _Row(NamedTuple):
    """The logged inputs of one row; `k` is negative for the default of the model."""

    user_id: bytes
    history: list[bytes]
    k: int


def records(
    request: AnsweredRequest, settings: RecordSettings, normalise: IdNormaliser
) -> list[bytes]:
    """Returns the records of the sampled rows of a request, one line of JSON each.

    A user is in the sample with all requests or with none. A row without a user id is sampled by
    itself.

    Args:
      request: The request and its answer.
      settings: The sample, and the key of user ids.
      normalise: Normalises the ids of users and items, as the model does.
    """
    request_id = uuid.uuid4().hex
    key_name = key_fingerprint(settings.key) if settings.key else ""
    items = request.outputs[serving.OUTPUT_ITEM_ID]
    scores = request.outputs[serving.OUTPUT_SCORE]
    lines = []
    rows = list(_rows(request))
    # The answer is as wide as the largest k of its rows, or as the default if no row has a k.
    is_default = all(row.k < 0 for row in rows)
    for number, row in enumerate(rows):
        user = normalise(_text(row.user_id))
        if not is_sampled(user or f"{request_id}/{number}", settings.share, settings.key):
            continue
        is_item = items[number] != serving.PADDING_ITEM_ID.encode()
        history = [item for item in row.history if item]
        width = len(is_item)
        record = {
            traffic.REQUEST_ID: request_id,
            traffic.ROW: number,
            traffic.TIMESTAMP_MS: request.time_ms,
            traffic.MODEL: request.model,
            traffic.VERSION: request.version,
            traffic.LABEL: request.label,
            traffic.SIGNATURE: request.signature,
            traffic.USER_ID: hashed_user_id(user, settings.key) if settings.key and user else user,
            traffic.USER_KEY: key_name,
            traffic.SAMPLE: settings.share,
            traffic.HISTORY_LENGTH: len(history),
            traffic.HISTORY_ITEM_IDS: [
                normalise(_text(item)) for item in history[-traffic.MAX_HISTORY_IDS :]
            ],
            traffic.K: _k(row.k, width if is_default else int(is_item.sum()), width),
            traffic.ITEM_IDS: [_text(item) for item in items[number][is_item]],
            traffic.SCORES: np.ascontiguousarray(scores[number][is_item]),
            traffic.EVENT_TYPE: traffic.RECOMMENDED,
        }
        lines.append(orjson.dumps(record, option=_OPTIONS))
    return lines


def _k(asked: int, default: int, width: int) -> int:
    """Returns the number of items that a row asked for, if the model allows as many."""
    return default if asked < 0 else min(asked, width)


def _rows(request: AnsweredRequest) -> Iterator[_Row]:
    inputs = request.inputs
    if request.signature == serving.RECOMMEND_EXAMPLES:
        yield from map(_row_of_example, inputs[serving.EXAMPLES].tolist())
        return
    default = np.full(request.num_rows, -1)
    ks: npt.NDArray[Any] = inputs.get(serving.K, default)
    users, histories = inputs[USER_ID].tolist(), inputs[serving.HISTORY_ITEM_ID].tolist()
    yield from map(_Row, users, histories, ks.tolist())


def _row_of_example(serialised: bytes) -> _Row:
    features = tf.train.Example.FromString(serialised).features.feature
    users = features[USER_ID].bytes_list.value
    ks = features[serving.K].int64_list.value
    history = list(features[serving.HISTORY_ITEM_ID].bytes_list.value)
    return _Row(users[0] if users else b"", history, ks[0] if ks else -1)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
