"""Exports the trained towers as a SavedModel that takes raw requests and raw items."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from components.parity.sample_file import write_sample
from components.progress import progress
from components.served_reference import write_known_users
from components.signature_inputs import trace_signature
from components.trainer.data.columns import Columns
from components.trainer.export.parity_sample import parity_sample
from components.trainer.export.signatures import CandidateSignature, QuerySignature
from components.trainer.export.users import MAX_USERS, UserTable
from components.trainer.fit.train import TrainedTowers
from schemas import serving, serving_specs
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
    users: dict[str, npt.NDArray[Any]],
    path: str,
) -> None:
    """Exports the towers with the signatures of `schemas.serving`.

    Also writes the outputs of the training code for a sample next to the model. Later steps compare
    the served outputs with them.

    Args:
      trained: The model and its candidate table.
      data: The settings of the data.
      graphs: The transform graphs of the training data.
      users: `user_id` and raw user features, [num_users]. If there are more than MAX_USERS users,
        the model does not contain them, which is logged.
      path: The folder of the SavedModel.
    """
    table = feature_table(data)
    user_table = _user_table(users)
    query = QuerySignature(
        trained.towers,
        trained.candidates,
        tft.TFTransformOutput(graphs.windows).transform_features_layer(),
        table,
        data.history.max_length,
        user_table,
        trained.vocabularies.users,
    )
    candidate = CandidateSignature(
        trained.towers,
        trained.candidates,
        tft.TFTransformOutput(graphs.catalogue).transform_features_layer(),
        table,
    )
    module = tf.Module(name="towers")
    module.weights = list(trained.towers.weights)
    module.resources = [*query.resources, *candidate.resources]
    signatures = {
        serving.QUERY_EMBEDDING: _signature(query, serving_specs.query_specs(table)),
        serving.CANDIDATE_EMBEDDING: _signature(candidate, serving_specs.candidate_specs(table)),
        serving.CANDIDATE_EMBEDDING_AS_OF: _signature(
            candidate.as_of, serving_specs.candidate_as_of_specs(table)
        ),
        serving.ITEM_QUERY: _signature(
            lambda items: trained.towers.similar_item_queries(items[serving.OUTPUT_EMBEDDING]),
            serving_specs.item_query_specs(trained.towers.width),
        ),
    }
    tf.saved_model.save(module, path, signatures)
    write_sample(path, parity_sample(trained, user_table is not None))
    write_known_users(path, trained.vocabularies.users)


def _user_table(users: dict[str, npt.NDArray[Any]]) -> UserTable | None:
    num_users = len(users[USER_ID])
    if num_users > MAX_USERS:
        progress.info(
            "the model contains no user features, because there are %d users (at most %d): "
            "requests must contain their user features",
            num_users,
            MAX_USERS,
        )
        return None
    has_features = len(users) > 1
    return UserTable(users) if num_users and has_features else None


def _signature(
    function: Callable[[Columns], tf.Tensor | Columns], specs: serving_specs.Specs
) -> tf.types.experimental.ConcreteFunction:
    """Traces a function of named tensors; an output without a name is an embedding."""

    def serve(inputs: Columns) -> Columns:
        output = function(inputs)
        return output if isinstance(output, dict) else {serving.OUTPUT_EMBEDDING: output}

    return trace_signature(serve, specs)
