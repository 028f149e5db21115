"""Two-tower models of twelve items, and batches for them."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.trainer.data import windows
from components.trainer.data.candidates import TransformedCatalogue, candidate_table
from components.trainer.data.features import InputFeature, TowerFeatures
from components.trainer.data.id_vocabularies import IdVocabularies
from components.trainer.losses.build import TrainingItems, build_loss
from components.trainer.model.query_inputs import query_inputs
from components.trainer.model.towers import RetrievalTowers
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.plan import TrainPlan
from components.trainer.time.item_dynamics import ItemDynamics
from components.trainer.time.popularity import RecentPopularity
from schemas.source_settings import FeatureKind
from schemas.transformed import IS_NEGATIVE
from tests.components.trainer.plans import encoder_plan, model_plan

NUM_ITEMS = 12
DIM = 8
ITEM_ID = np.array([f"i{row}".encode() for row in range(NUM_ITEMS)], dtype=object)
NO_CATALOGUE = TransformedCatalogue(np.array([], dtype=object), np.array([], np.int64), {})
ALL_ROWS = np.arange(NUM_ITEMS, dtype=np.int32)
COUNTS = np.arange(NUM_ITEMS)[::-1] * 3
FEATURES = TowerFeatures(
    user_id=InputFeature("user_id", FeatureKind.CATEGORY, 3),
    user=(),
    context=(),
    outcome=(),
    item=(),
)
NEGATIVE_FEATURES = replace(FEATURES, outcome=(InputFeature(IS_NEGATIVE, FeatureKind.CATEGORY, 2),))
ROWS = np.array([[0, 1, 2, 2], [1, 5, 12, 12]])
WEIGHT = np.array([[1.0, 0.0, 2.0, 1.0], [1.0, 0.5, 0.0, 0.0]])


def model_of(
    train: TrainPlan,
    popularity: RecentPopularity | None = None,
    compiled: bool = False,
    excludes_history: bool = True,
    features: TowerFeatures = FEATURES,
    **model: Any,
) -> TwoTowerModel:
    table = candidate_table(list(ITEM_ID), NO_CATALOGUE, ())
    plan = model_plan(dim=DIM, encoder=encoder_plan(num_heads=2), **model)
    dynamics = ItemDynamics(popularity)
    towers = RetrievalTowers(
        features,
        table,
        IdVocabularies(tuple(ITEM_ID), ()),
        dynamics,
        plan,
        train.id_dropout,
        train.temperature,
        excludes_history,
    )
    loss = build_loss(train, TrainingItems(COUNTS, ALL_ROWS, dynamics))
    return TwoTowerModel(towers, loss, dynamics, train, compiled=compiled)


def batch_of(rows: npt.NDArray[np.int64], weight: npt.NDArray[np.float64]) -> dict[str, tf.Tensor]:
    return {
        "user_id": tf.range(len(rows), dtype=tf.int64),
        windows.ROW: tf.constant(rows, tf.int32),
        windows.WEIGHT: tf.constant(weight, tf.float32),
        "timestamp": tf.constant(np.arange(rows.size).reshape(rows.shape) * 60, tf.int64),
    }


def embeddings_of(
    model: TwoTowerModel, rows: npt.NDArray[np.int64], weight: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns query and candidate embeddings, from the methods that the export uses."""
    batch = batch_of(rows, weight)
    vectors = tf.reshape(
        model.towers.item_vectors(tf.reshape(batch[windows.ROW], [-1])), [*rows.shape, -1]
    )
    positions = tf.constant(np.argwhere(weight > 0))
    queries = model.towers.query_embeddings(positions, vectors, query_inputs(batch, FEATURES))
    return queries.numpy(), model.towers.catalogue_embeddings().numpy()
