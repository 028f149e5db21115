"""The vocabularies of the embedding tables: which string each row of a table embeds."""

from collections.abc import Iterator
from typing import NamedTuple

import tensorflow as tf
import tensorflow_transform as tft

from components.trainer.data.features import InputFeature, TowerFeatures
from components.trainer.data.id_rows import IdRows
from components.trainer.data.id_vocabularies import IdVocabularies
from components.trainer.model.embeddings import FeatureEmbedding
from components.trainer.model.item_tower import ItemEmbedding
from components.trainer.model.towers import RetrievalTowers
from components.trainer.plan import ModelPlan
from components.transform.vocabularies import EMPTY_VOCABULARY_ENTRY
from schemas.features import ITEM_ID, USER_ID
from schemas.model_settings import ModelSettings
from schemas.source_settings import FeatureKind
from schemas.transformed import IS_NEGATIVE

# The entries of a vocabulary in the order of the rows of its tables. The row after the last entry
# embeds every other value.
Vocabulary = tuple[bytes, ...]
_ITEMS, _QUERIES = "items", "queries"
_ITEM_IDS = f"{_ITEMS}/{ITEM_ID}"
_USER_IDS = f"{_QUERIES}/{USER_ID}"


class VocabularyTable(NamedTuple):
    """An embedding table with one row per entry of a vocabulary, and one for all other values.

    Attributes:
      variable: [vocabulary size + 1, dim] float32.
      vocabulary: The name of the vocabulary in `tower_vocabularies`.
    """

    variable: tf.Variable
    vocabulary: str


def tower_vocabularies(
    features: TowerFeatures,
    ids: IdVocabularies,
    windows_graph: tft.TFTransformOutput,
    catalogue_graph: tft.TFTransformOutput,
    plan: ModelPlan | ModelSettings,
) -> dict[str, Vocabulary]:
    """Returns the vocabularies of all tables by name: of ids, categories and words.

    A number has a table of buckets, which are the same in every training, and no vocabulary. Where
    ids share rows (`IdRows`), the vocabulary contains the names of the rows.
    """
    vocabularies = {
        _ITEM_IDS: IdRows(ids.items, plan.max_item_ids).entries,
        _USER_IDS: IdRows(ids.users, plan.max_user_ids).entries,
    }
    queries = (*features.user, *features.context, *features.outcome)
    for side, of_side, graph in (
        (_QUERIES, queries, windows_graph),
        (_ITEMS, features.item, catalogue_graph),
    ):
        for feature in filter(_has_vocabulary, of_side):
            entries = graph.vocabulary_by_name(feature.name)
            vocabularies[f"{side}/{feature.name}"] = tuple(
                b"" if entry == EMPTY_VOCABULARY_ENTRY else entry for entry in entries
            )
    return vocabularies


def vocabulary_tables(towers: RetrievalTowers) -> Iterator[VocabularyTable]:
    """Yields every table of the towers whose rows belong to the entries of a vocabulary."""
    items = {id(part): part for part in (towers.items.of_history, towers.items.of_candidates)}
    for part in items.values():
        yield from _item_tables(part)
    requests, events = towers.request_features, towers.event_features
    yield from _feature_tables((*requests.user, *requests.context, *events.embeddings), _QUERIES)


def _item_tables(items: ItemEmbedding) -> Iterator[VocabularyTable]:
    yield VocabularyTable(items.ids.embeddings, _ITEM_IDS)
    yield from _feature_tables(items.embeddings, _ITEMS)


def _feature_tables(
    embeddings: list[FeatureEmbedding] | tuple[FeatureEmbedding, ...], side: str
) -> Iterator[VocabularyTable]:
    for embedding in embeddings:
        if _has_vocabulary(embedding.feature):
            yield VocabularyTable(embedding.table.embeddings, f"{side}/{embedding.feature.name}")


def _has_vocabulary(feature: InputFeature) -> bool:
    return feature.kind is not FeatureKind.NUMBER and feature.name != IS_NEGATIVE
