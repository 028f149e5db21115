"""`twotower recommend`: recommends items with a pushed model, from its folder or by a server.

The complete history that is given is sent as `history_item_id`, of which no item is recommended.
Nothing is known of other items that the user has seen.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Protocol

from components import files
from pipeline.commands.titles import one_line, read_titles
from pipeline.console import Console
from pipeline.paths import run_paths
from pipeline.runners.read_record import read_record, record_path, recorded_settings
from pipeline.serving.client import ServingError, connect
from pipeline.serving.client.address import is_address, parse_address
from schemas.bundle import SAVED_MODEL_FILE
from schemas.errors import InputError
from schemas.features import ITEM_ID, USER_ID
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
      title: Title of the item, "" if it has none; None if titles are not known.
    """

    rank: int
    item_id: str
    score: float
    title: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the attributes as JSON values, without a title where titles are not known."""
        return {name: value for name, value in asdict(self).items() if value is not None}


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
    """The signatures `serving_default` and `similar_items` behind TF Serving's REST or gRPC API."""

    UNKNOWN: ClassVar[str] = (
        "have no similar items, so they are not items of this model (unless no other item is "
        "available)"
    )

    def __init__(self, address: str) -> None:
        """Takes the address of a model, as `pipeline.serving.client.connect` does.

        Raises:
          InputError: It is not one.
        """
        parse_address(address)
        self._address = address

    def __call__(self, user: str, history: Sequence[str], k: int) -> list[Recommendation]:
        """Returns the top k items for a user with a history of item ids, oldest first."""
        past = list(history) or [PADDING_ITEM_ID]
        outputs = self._predict(DEFAULT, {USER_ID: [user], HISTORY_ITEM_ID: [past]})
        return _top_k(outputs[OUTPUT_ITEM_ID][0].tolist(), outputs[OUTPUT_SCORE][0].tolist(), k)

    def unknown_items(self, items: Sequence[str]) -> list[str]:
        """Returns the ids without similar items, without repeats, in their order.

        A server does not list its items. The similar items of an unknown id are none. So are those
        of a known id if no other item is available.
        """
        distinct = list(dict.fromkeys(items))
        outputs = self._predict(SIMILAR_ITEMS, {ITEM_ID: distinct})
        return _without_similar(distinct, outputs[OUTPUT_ITEM_ID].tolist())

    def _predict(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        try:
            with connect(self._address, timeout_s=_TIMEOUT_S) as client:
                return client.predict(signature, inputs)
        except ServingError as error:
            raise InputError(str(error)) from error


def open_model(target: str) -> Recommendations:
    """Returns a model in a folder or behind a server.

    Args:
      target: Directory of a run, folder of versions, one version, or an address as
        `pipeline.serving.client.connect` takes it.

    Raises:
      InputError: There is no such model.
    """
    if is_address(target):
        return ServerRecommender(target)
    if is_run(target):
        return Recommender(run_paths(recorded_settings(target, read_record(target))).serving_dir)
    return Recommender(target)


def is_run(target: str) -> bool:
    """Returns whether a target is the directory of a run."""
    return not is_address(target) and files.exists(record_path(target))


def recommend_command(
    target: str,
    user: str,
    history: Sequence[str],
    k: int,
    titles: str | None,
    as_json: bool,
    console: Console,
) -> None:
    """Recommends items to a user and prints them, and names unknown items of the history.

    Args:
      target: Directory of a run, folder of versions, one version, or the address of a server.
      user: The user id.
      history: Item ids, oldest first.
      k: Number of items.
      titles: Directory of a run or file with the titles of the items; by default the run that is
        the target, otherwise none.
      as_json: Whether to print JSON instead of a table.
      console: Receives the recommendations.

    Raises:
      InputError: There is no such model, the server does not respond, `k` is too large, or the
        titles cannot be read.
    """
    names = read_titles(titles or (target if is_run(target) else None))
    opened = open_model(target)
    recommendations = with_titles(opened(user, history, k), names)
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


def with_titles(
    recommendations: Sequence[Recommendation], titles: Mapping[str, str]
) -> list[Recommendation]:
    """Returns recommendations with the titles of their items; as they are without any title."""
    if not titles:
        return list(recommendations)
    return [replace(one, title=titles.get(one.item_id, "")) for one in recommendations]


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
        f"{model}: contains no SavedModel; give the directory of a run, a folder of versions such "
        "as runs/demo/serving/demo, one version, or the address of a server"
    )


def render_recommendations(recommendations: Sequence[Recommendation]) -> str:
    """Returns one line per item: rank, score and id, and the title if titles are known."""
    width = max((len(r.item_id) for r in recommendations if r.title), default=0)
    return "".join(
        f"{r.rank:>4}  {r.score:>9.4f}  {r.item_id:<{width}}  {one_line(r.title or '')}".rstrip()
        + "\n"
        for r in recommendations
    )


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
