"""What the page shows of a run in addition to its models: items, users and features."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from components.id_normalisation import IdNormaliser
from components.indexer.search.item_table import read_item_ids
from pipeline.explorer.bodies import MAX_HISTORY, MAX_K
from pipeline.explorer.catalogue import Catalogue, read_catalogue
from pipeline.explorer.user_histories import UserHistories, read_user_histories
from pipeline.paths import run_paths
from pipeline.serving.model_source import ModelSource
from schemas.errors import InputError
from schemas.features import feature_table
from schemas.settings import Settings

_SAMPLED_USERS = 12
_DEFAULT_K = 10


@dataclass(frozen=True)
class RunData:
    """The items and users of a run, and what its models read.

    Attributes:
      name: Name of the model.
      catalogue: The items.
      users: The users.
      normalised: Applies `ids.normalise` to an id.
      max_history: Number of events that a query reads.
      max_k: Maximum number of items in an answer of the model.
      default_k: Number of items that the page shows first.
    """

    name: str
    catalogue: Catalogue
    users: UserHistories
    normalised: IdNormaliser
    max_history: int
    max_k: int
    default_k: int

    def page_data(self) -> dict[str, Any]:
        """Returns what the page needs before its first request, as JSON values."""
        return {
            "name": self.name,
            "items": len(self.catalogue),
            "has_titles": self.catalogue.has_titles,
            "users": self.users.sample(_SAMPLED_USERS),
            "max_events": MAX_HISTORY,
            "max_history": self.max_history,
            "k": self.default_k,
            "max_k": min(self.max_k, MAX_K),
            "categories": self.catalogue.categories,
            "numbers": [
                {
                    "name": number.name,
                    "is_time": number.is_time,
                    "lowest": number.lowest,
                    "highest": number.highest,
                }
                for number in self.catalogue.numbers
            ],
        }


def read_run_data(settings: Settings, source: ModelSource | None) -> RunData:
    """Returns the items and users of a run.

    Without a complete catalogue, the items are those of the newest pushed version, without titles.

    Args:
      settings: The settings of the run.
      source: The pushed versions; None without any.

    Raises:
      InputError: A file of the run is damaged.
    """
    table = feature_table(settings.data)
    root = run_paths(settings).pipeline_root
    return RunData(
        name=settings.name,
        catalogue=read_catalogue(root, table) or _items_of(source),
        users=read_user_histories(root, table),
        normalised=IdNormaliser(settings.ids),
        max_history=settings.history.max_length,
        max_k=settings.index.max_k,
        default_k=min(settings.index.k, _DEFAULT_K),
    )


def _items_of(source: ModelSource | None) -> Catalogue:
    versions = {} if source is None else source.versions()
    if not versions:
        return Catalogue([], None)
    path = versions[max(versions)]
    try:
        ids = read_item_ids(path)
    except (tf.errors.OpError, ValueError) as error:
        raise InputError(f"{path}: the ids of the items cannot be read: {error}") from error
    return Catalogue([item.decode("utf-8", "replace") for item in ids.tolist()], None)
