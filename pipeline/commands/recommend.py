"""`twotower recommend`: recommends items with a pushed model, from its folder or over HTTP.

The complete history that is given is sent as `history_item_id`, of which no item is recommended.
Nothing is known of other items that the user has seen.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

from components import files
from pipeline.console import Console
from schemas.bundle import SAVED_MODEL_FILE
from schemas.errors import InputError
from schemas.serving import (
    DEFAULT,
    HISTORY_ITEM_ID,
    OUTPUT_ITEM_ID,
    OUTPUT_SCORE,
    PADDING_ITEM_ID,
    SIMILAR_ITEMS,
)

_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Recommendation:
    """A recommended item.

    Attributes:
      rank: Position in the list, from 1.
      item_id: Id of the item.
      score: Similarity of the item and the query.
    """

    rank: int
    item_id: str
    score: float

    def to_dict(self) -> dict[str, Any]:
        """Returns the attributes as JSON values."""
        return asdict(self)


class Recommendations(Protocol):
    """A model that recommends items, in a folder or behind a server.

    Attributes:
      UNKNOWN: What is known of the ids of `unknown_items`, as a predicate of a sentence.
    """

    UNKNOWN: ClassVar[str]

    def __call__(self, user: str, history: Sequence[str], k: int) -> list[Recommendation]:
        """Returns the top k items for a user with a history of item ids, oldest first."""

    def unknown_items(self, items: Sequence[str]) -> list[str]:
        """Returns the ids that are not items of the model, without repeats, in their order."""


class Recommender:
    """The signature `serving_default` and the catalogue of a SavedModel version."""

    UNKNOWN: ClassVar[str] = "are not items of this model"

    def __init__(self, model: str) -> None:
        """Loads a model.

        Args:
          model: A SavedModel folder, or a folder of versions, of which the newest is loaded.

        Raises:
          InputError: There is no SavedModel, or it is not of this pipeline.
        """
        # Registers the op in the SavedModel's graph.
        import scann  # noqa: F401
        import tensorflow as tf

        path = newest_version(model)
        try:
            self._model = tf.saved_model.load(path)
        except (OSError, tf.errors.OpError) as error:
            raise InputError(f"{path}: this SavedModel cannot be loaded: {error}") from error
        for name in (DEFAULT, SIMILAR_ITEMS):
            if name not in self._model.signatures:
                raise InputError(f"{path}: this SavedModel has no signature {name!r}")
        self._signature = self._model.signatures[DEFAULT]
        self._path = path

    def __call__(self, user: str, history: Sequence[str], k: int) -> list[Recommendation]:
        """Returns the top k items for a user with a history of item ids, oldest first."""
        import tensorflow as tf

        outputs = self._signature(
            user_id=tf.constant([user]),
            **{HISTORY_ITEM_ID: tf.constant([list(history)], tf.string, [1, len(history)])},
        )
        ids = [item.decode() for item in outputs[OUTPUT_ITEM_ID].numpy()[0]]
        return _top_k(ids, outputs[OUTPUT_SCORE].numpy()[0].tolist(), k)

    def unknown_items(self, items: Sequence[str]) -> list[str]:
        """Returns the ids that are not in the catalogue, without repeats, in their order."""
        from components.indexer.search.item_table import read_item_ids
        from components.pusher.unavailable_lists import id_normaliser

        known = set(read_item_ids(self._path).tolist())
        normalised = id_normaliser(self._path)
        return [item for item in dict.fromkeys(items) if normalised(item).encode() not in known]


class ServerRecommender:
    """The signatures `serving_default` and `similar_items` behind TF Serving's HTTP API."""

    UNKNOWN: ClassVar[str] = (
        "have no similar items, so they are not items of this model (unless no other item is "
        "available)"
    )

    def __init__(self, url: str) -> None:
        """Takes the URL `http://HOST:PORT/v1/models/NAME`."""
        self._url = url.rstrip("/") + ":predict"

    def __call__(self, user: str, history: Sequence[str], k: int) -> list[Recommendation]:
        """Returns the top k items for a user with a history of item ids, oldest first."""
        past = list(history) or [PADDING_ITEM_ID]
        outputs = self._request(DEFAULT, {"user_id": [user], HISTORY_ITEM_ID: [past]})
        return _top_k(outputs[OUTPUT_ITEM_ID][0], outputs[OUTPUT_SCORE][0], k)

    def unknown_items(self, items: Sequence[str]) -> list[str]:
        """Returns the ids without similar items, without repeats, in their order.

        A server does not list its items. The similar items of an unknown id are none. So are those
        of a known id if no other item is available.
        """
        distinct = list(dict.fromkeys(items))
        outputs = self._request(SIMILAR_ITEMS, {"item_id": distinct})
        return _without_similar(distinct, outputs[OUTPUT_ITEM_ID])

    def _request(self, signature: str, inputs: dict[str, Any]) -> dict[str, Any]:
        request = {"signature_name": signature, "inputs": inputs}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self._url, json.dumps(request).encode()), timeout=_TIMEOUT_S
            ) as response:
                outputs: dict[str, Any] = json.load(response)["outputs"]
        except (urllib.error.URLError, TimeoutError) as error:
            raise InputError(f"{self._url}: the server did not respond: {error}") from error
        return outputs


def open_model(model: str) -> Recommendations:
    """Returns a model in a folder or behind a TF Serving server.

    Args:
      model: Folder of versions, one version, or URL `http://HOST:PORT/v1/models/NAME`.

    Raises:
      InputError: There is no such model.
    """
    if model.startswith(("http://", "https://")):
        return ServerRecommender(model)
    return Recommender(model)


def recommend_command(
    model: str, user: str, history: Sequence[str], k: int, as_json: bool, console: Console
) -> None:
    """Recommends items to a user and prints them, and names unknown items of the history.

    Args:
      model: Folder of versions, one version, or URL `http://HOST:PORT/v1/models/NAME`.
      user: The user id.
      history: Item ids, oldest first.
      k: Number of items.
      as_json: Whether to print JSON instead of a table.
      console: Receives the recommendations.

    Raises:
      InputError: There is no such model, the server does not respond, or `k` is too large.
    """
    opened = open_model(model)
    recommendations = opened(user, history, k)
    unknown = opened.unknown_items(history) if history else []
    if unknown:
        console.progress.write(
            f"warning: {len(unknown)} of the {len(set(history))} different ids of the history "
            f"{opened.UNKNOWN}: {', '.join(map(repr, unknown))}; check their spelling, and quote "
            "ids that contain a comma, or give each id by --item\n"
        )
    if as_json:
        rows = [recommendation.to_dict() for recommendation in recommendations]
        console.result.write(json.dumps(rows, ensure_ascii=False) + "\n")
    else:
        console.result.write(render_recommendations(recommendations))


def newest_version(model: str) -> str:
    """Returns the SavedModel folder that TF Serving would serve from `model`.

    Raises:
      InputError: Neither the folder nor a version in it contains a SavedModel.
    """
    if files.exists(os.path.join(model, SAVED_MODEL_FILE)):
        return model
    versions = [name for name in files.names_in(model) if name.isdigit()]
    for version in sorted(versions, key=int, reverse=True):
        path = os.path.join(model, version)
        if files.exists(os.path.join(path, SAVED_MODEL_FILE)):
            return path
    raise InputError(
        f"{model}: contains no SavedModel; give a folder of versions such as "
        "runs/demo/serving/demo, or one version"
    )


def render_recommendations(recommendations: Sequence[Recommendation]) -> str:
    """Returns one line per item: rank, score and id."""
    return "".join(f"{r.rank:>4}  {r.score:>9.4f}  {r.item_id}\n" for r in recommendations)


def _without_similar(items: Sequence[str], similar: Sequence[Sequence[str]]) -> list[str]:
    """Returns the items that have no similar item."""
    return [
        item
        for item, others in zip(items, similar, strict=True)
        if all(other == PADDING_ITEM_ID for other in others)
    ]


def _top_k(ids: Sequence[str], scores: Sequence[float], k: int) -> list[Recommendation]:
    if k > len(ids):
        raise InputError(
            f"-k {k}: this model's {DEFAULT} signature returns at most {len(ids)} items; give a "
            "smaller -k, or increase index.k and run again"
        )
    return [
        Recommendation(rank, item, float(score))
        for rank, (item, score) in enumerate(zip(ids[:k], scores[:k], strict=True), start=1)
        if item != PADDING_ITEM_ID
    ]
