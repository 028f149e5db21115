"""Writes the trained towers as a SavedModel that takes raw requests and raw items."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components.parity.sample import write_sample
from components.progress import progress
from components.trainer.data.columns import Columns
from components.trainer.export.parity_sample import parity_sample
from components.trainer.export.signatures import CandidateSignature, QuerySignature
from components.trainer.export.users import MAX_USERS, UserTable
from components.trainer.fit.train import TrainedTowers
from schemas import serving
from schemas.features import USER_ID, feature_table
from schemas.settings import DataSettings


@dataclass(frozen=True)
class TransformGraphs:
    """Paths of the two transform graphs."""

    windows: str
    catalogue: str


def export_towers(
    trained: TrainedTowers,
    data: DataSettings,
    graphs: TransformGraphs,
    users: dict[str, np.ndarray],
    path: str,
) -> None:
    """Exports the signatures of towers in `schemas.serving`.

    Beside them lie the answers of training to a sample, which later steps hold serving to.

    Args:
      trained: The model and its candidate table.
      data: The data's settings.
      graphs: The transform graphs that the training data passed through.
      users: `user_id` and raw user features, [num_users]; above MAX_USERS users the model does
        not carry them, and says so.
      path: The SavedModel's folder.
    """
    table = feature_table(data)
    user_table = _user_table(users)
    query = QuerySignature(
        trained.model,
        trained.candidates,
        tft.TFTransformOutput(graphs.windows).transform_features_layer(),
        table,
        data.history.max_length,
        user_table,
    )
    candidate = CandidateSignature(
        trained.model,
        trained.candidates,
        tft.TFTransformOutput(graphs.catalogue).transform_features_layer(),
        table,
    )
    module = tf.Module(name="towers")
    module.weights = list(trained.model.serving_weights)
    module.resources = [*query.resources, *candidate.resources]
    signatures = {
        serving.QUERY_EMBEDDING: _signature(query, serving.query_specs(table)),
        serving.CANDIDATE_EMBEDDING: _signature(candidate, serving.candidate_specs(table)),
        serving.CANDIDATE_EMBEDDING_AS_OF: _signature(
            candidate.as_of, serving.candidate_as_of_specs(table)
        ),
        serving.ITEM_QUERY: _signature(
            lambda items: trained.model.queries_of_items(items[serving.OUTPUT_EMBEDDING]),
            serving.item_query_specs(trained.model.width),
        ),
    }
    tf.saved_model.save(module, path, signatures)
    write_sample(path, parity_sample(trained, user_table is not None))


def _user_table(users: dict[str, np.ndarray]) -> UserTable | None:
    num_users = len(users[USER_ID])
    if num_users > MAX_USERS:
        progress.info(
            "%d users are too many for the model to carry (at most %d): requests must bring "
            "their user features",
            num_users,
            MAX_USERS,
        )
        return None
    has_features = len(users) > 1
    return UserTable(users) if num_users and has_features else None


def _signature(
    function: Callable[[Columns], tf.Tensor | Columns], specs: serving.Specs
) -> tf.types.experimental.ConcreteFunction:
    """A function of named tensors, for the specs' shapes; what is not named is an embedding."""

    @tf.function(autograph=False)
    def served(**features: tf.Tensor) -> dict[str, tf.Tensor]:
        answer = function(features)
        return answer if isinstance(answer, dict) else {serving.OUTPUT_EMBEDDING: answer}

    return served.get_concrete_function(**specs)
