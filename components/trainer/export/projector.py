"""The embeddings of the items for TensorBoard's projector, with their titles and categories.

https://www.tensorflow.org/tensorboard/tensorboard_projector_plugin
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf import text_format
from tensorboard.plugins.projector import ProjectorConfig

from components import files
from components.examples.read import RawCatalogue
from components.trainer.fit.train import TrainedTowers
from schemas.features import FeatureTable, title_feature

CONFIG_FILE = "projector_config.pbtxt"
TENSORS_FILE = "item_embeddings.tsv"
METADATA_FILE = "items.tsv"
TENSOR_NAME = "item_embeddings"
# The projector reads all points into the memory of the browser.
MAX_ITEMS = 10_000
_MAX_CHARACTERS = 120
_TITLE, _ITEM_ID, _RANK = "title", "item_id", "popularity_rank"


def write_projector(
    trained: TrainedTowers, catalogue: RawCatalogue, table: FeatureTable, folder: str
) -> None:
    """Writes the embeddings of the most popular items, at most MAX_ITEMS, and what they are.

    An item without a title is shown with its id. The columns by which points can be coloured are
    the popularity rank and the category features, of which an item with several shows the first.

    Args:
      trained: The trained towers. The candidates that occur in split train are the first of its
        candidate table, the most popular first.
      catalogue: The raw catalogue.
      table: The features of the items.
      folder: The folder of a run of TensorBoard, which must have an event file.
    """
    embeddings = trained.towers.catalogue_embeddings(MAX_ITEMS).numpy()
    item_ids = trained.candidates.item_id[:MAX_ITEMS]
    files.make_folder(folder)
    tensors = "\n".join("\t".join(f"{value:.6g}" for value in row) for row in embeddings.tolist())
    files.write_text(os.path.join(folder, TENSORS_FILE), tensors + "\n")
    rows = _metadata(item_ids, catalogue, table)
    lines = "\n".join("\t".join(row) for row in rows)
    files.write_text(os.path.join(folder, METADATA_FILE), lines + "\n")
    config = ProjectorConfig()
    embedding = config.embeddings.add()
    embedding.tensor_name = TENSOR_NAME
    embedding.tensor_path = TENSORS_FILE
    embedding.metadata_path = METADATA_FILE
    embedding.tensor_shape.extend(embeddings.shape)
    files.write_text(os.path.join(folder, CONFIG_FILE), text_format.MessageToString(config))


def _metadata(
    item_ids: npt.NDArray[np.object_], catalogue: RawCatalogue, table: FeatureTable
) -> list[list[str]]:
    """Returns the names of the columns, and the cells of each item."""
    row_of = {item: row for row, item in enumerate(catalogue.item_id)}
    rows = [row_of.get(item) for item in item_ids]
    title = title_feature(table)
    ids = [_cell(item) for item in item_ids]
    titles = [""] * len(ids) if title is None else _column(catalogue.features[title.name], rows)
    named = [text or item for text, item in zip(titles, ids, strict=True)]
    categories = {
        feature.name: _column(catalogue.features[feature.name], rows)
        for feature in table.item
        if feature.holds_categories and feature.name not in (_TITLE, _ITEM_ID, _RANK)
    }
    ranks = [str(rank) for rank in range(1, len(ids) + 1)]
    header = [_TITLE, _ITEM_ID, _RANK, *categories]
    return [header, *map(list, zip(named, ids, ranks, *categories.values(), strict=True))]


def _column(values: npt.NDArray[Any], rows: Sequence[int | None]) -> list[str]:
    """Returns the texts of rows of a feature; "" for an item that the catalogue does not have."""
    texts = values[:, 0] if values.ndim == 2 else values
    return ["" if row is None else _cell(texts[row]) for row in rows]


def _cell(value: bytes) -> str:
    """Returns a text without the tabs and line breaks that would end a cell or a row."""
    text = " ".join(value.decode("utf-8", "replace").split())
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 1]}…"
