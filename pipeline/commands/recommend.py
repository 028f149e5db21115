"""Asks a pushed model, from its folder or through a TF Serving server, for recommendations."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from schemas.bundle import SAVED_MODEL_FILE
from schemas.errors import InputError
from schemas.serving import (
    DEFAULT,
    HISTORY_ITEM_ID,
    OUTPUT_ITEM_ID,
    OUTPUT_SCORE,
    PADDING_ITEM_ID,
)

_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Recommendation:
    """One recommended item."""

    rank: int
    item_id: str
    score: float

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


class Recommender:
    """The `serving_default` signature of one SavedModel version."""

    def __init__(self, model: str) -> None:
        """Loads a model.

        Args:
          model: A SavedModel folder, or a folder of integer versions, of which the newest is taken.

        Raises:
          InputError: There is none, or it has no such signature.
        """
        import scann  # noqa: F401  (registers the op that the SavedModel's graph calls)
        import tensorflow as tf

        path = newest_version(model)
        try:
            self._model = tf.saved_model.load(path)
        except (OSError, tf.errors.OpError) as error:
            raise InputError(f"{path}: this SavedModel cannot be loaded: {error}") from error
        if DEFAULT not in self._model.signatures:
            raise InputError(f"{path}: this SavedModel has no signature {DEFAULT!r}")
        self._signature = self._model.signatures[DEFAULT]

    def __call__(self, user: str, history: Sequence[str], k: int) -> list[Recommendation]:
        """The top k items for one user with a history of item ids, oldest first."""
        import tensorflow as tf

        answer = self._signature(
            user_id=tf.constant([user]),
            **{HISTORY_ITEM_ID: tf.constant([list(history)], tf.string, [1, len(history)])},
        )
        ids = [item.decode() for item in answer[OUTPUT_ITEM_ID].numpy()[0]]
        return _top(ids, answer[OUTPUT_SCORE].numpy()[0], k)


def recommend_items(model: str, user: str, history: Sequence[str], k: int) -> list[Recommendation]:
    """Recommendations from a folder or, where `model` begins with http, from TF Serving.

    Args:
      model: A folder of versions, a version, or `http://HOST:PORT/v1/models/NAME`.
      user: The user's id.
      history: Item ids, oldest first.
      k: How many.
    """
    if model.startswith(("http://", "https://")):
        return _ask_server(model, user, history, k)
    return Recommender(model)(user, history, k)


def newest_version(model: str) -> str:
    """The SavedModel folder that a server would serve from `model`.

    Raises:
      InputError: Neither the folder nor a version in it holds a SavedModel.
    """
    import tensorflow as tf

    if tf.io.gfile.exists(os.path.join(model, SAVED_MODEL_FILE)):
        return model
    names = tf.io.gfile.listdir(model) if tf.io.gfile.isdir(model) else []
    versions = [name.rstrip("/") for name in names if name.rstrip("/").isdigit()]
    for version in sorted(versions, key=int, reverse=True):
        path = os.path.join(model, version)
        if tf.io.gfile.exists(os.path.join(path, SAVED_MODEL_FILE)):
            return path
    raise InputError(
        f"{model}: no SavedModel here; expected a folder of versions such as "
        "runs/demo/serving/demo, or one version"
    )


def render_recommendations(recommendations: Sequence[Recommendation]) -> str:
    """One line an item: rank, score and id."""
    return "".join(f"{r.rank:>4}  {r.score:>9.4f}  {r.item_id}\n" for r in recommendations)


def _ask_server(url: str, user: str, history: Sequence[str], k: int) -> list[Recommendation]:
    request = {
        "signature_name": DEFAULT,
        "inputs": {"user_id": [user], HISTORY_ITEM_ID: [list(history) or [PADDING_ITEM_ID]]},
    }
    address = url.rstrip("/") + ":predict"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, json.dumps(request).encode()), timeout=_TIMEOUT_S
        ) as response:
            outputs = json.load(response)["outputs"]
    except (urllib.error.URLError, TimeoutError) as error:
        raise InputError(f"{address}: the server did not answer: {error}") from error
    return _top(outputs[OUTPUT_ITEM_ID][0], outputs[OUTPUT_SCORE][0], k)


def _top(ids: Sequence[str], scores: Sequence[float] | np.ndarray, k: int) -> list[Recommendation]:
    if k > len(ids):
        raise InputError(
            f"-k {k}: this model's {DEFAULT} signature answers {len(ids)} items at most; ask for "
            "fewer, or raise index.k and run again"
        )
    return [
        Recommendation(rank, item, float(score))
        for rank, (item, score) in enumerate(zip(ids[:k], scores[:k], strict=True), start=1)
        if item != PADDING_ITEM_ID
    ]
