"""Moves the weights of a finished training into towers with other vocabularies.

A row of a table belongs to a string, so it moves by string. A string without a row starts with the
row of unknown values: an item that the earlier training did not know keeps the embedding that it
had so far, which is that of its content.
"""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.trainer.model.towers import RetrievalTowers
from components.trainer.plan import ModelPlan
from components.trainer.state.training_state import (
    TrainingState,
    described_features,
    described_plan,
)
from components.trainer.state.vocabularies import Vocabulary, vocabulary_tables
from schemas.errors import InputError

_REMEDY = "restore the former configuration, or set train.warm_start to false for one run"


@dataclass(frozen=True)
class TransferredRows:
    """How many rows of a vocabulary's tables were moved.

    Attributes:
      kept: Entries that both trainings have.
      new: Entries that only the new training has.
      dropped: Entries that only the earlier training had.
    """

    kept: int
    new: int
    dropped: int

    def to_dict(self) -> dict[str, int]:
        """Returns the numbers as JSON values."""
        return asdict(self)


def transfer_weights(
    state: TrainingState,
    towers: RetrievalTowers,
    plan: ModelPlan,
    vocabularies: dict[str, Vocabulary],
) -> dict[str, TransferredRows]:
    """Assigns the weights of a finished training to towers.

    Args:
      state: The finished training.
      towers: Towers with all their variables.
      plan: Sizes and parts of the towers.
      vocabularies: The vocabularies of the towers (`tower_vocabularies`).

    Returns:
      The numbers of moved rows by vocabulary.

    Raises:
      InputError: The finished training had other features, sizes or parts of the towers.
    """
    check_same_architecture(state, towers, plan)
    names = {id(table.variable): table.vocabulary for table in vocabulary_tables(towers)}
    for weight, earlier in zip(towers.weights, state.weights, strict=True):
        name = names.get(id(weight))
        weight.assign(
            earlier
            if name is None
            else moved_rows(earlier, state.vocabularies[name], vocabularies[name])
        )
    return {
        name: _count(state.vocabularies[name], vocabularies[name])
        for name in sorted(set(names.values()))
    }


def transfer_constants(state: TrainingState, towers: RetrievalTowers) -> None:
    """Assigns the weights that no training changes: the ranking for users without a history."""
    for value, weight in zip(state.weights, towers.weights, strict=True):
        if not weight.trainable:
            weight.assign(value)


def moved_rows(
    table: npt.NDArray[np.float32], source: Vocabulary, target: Vocabulary
) -> npt.NDArray[np.float32]:
    """Returns a table for `target` with the rows of `source`.

    Args:
      table: [len(source) + 1, dim] float32; the last row embeds every value that is no entry.
      source: The entries of `table`.
      target: The entries of the result.

    Returns:
      [len(target) + 1, dim] float32. The row of an entry that is not in `source` is the last
      one of `table`.

    >>> table = np.array([[1.0], [2.0], [0.5]], np.float32)
    >>> moved_rows(table, (b"a", b"b"), (b"b", b"c")).ravel().tolist()
    [2.0, 0.5, 0.5]
    """
    row_of = {entry: row for row, entry in enumerate(source)}
    rows = [row_of.get(entry, len(source)) for entry in target]
    return table[[*rows, len(source)]]


def check_same_architecture(state: TrainingState, towers: RetrievalTowers, plan: ModelPlan) -> None:
    """Raises an InputError that names the first feature or setting that differs."""
    for role, features in described_features(towers.features).items():
        if features != state.features[role]:
            raise InputError(
                f"the model to start from has the {role} features {_listed(state.features[role])}, "
                f"and the configuration {_listed(features)}: {_REMEDY}"
            )
    for key, value in _flat(described_plan(plan)).items():
        earlier = _flat(state.plan).get(key)
        if value != earlier:
            raise InputError(
                f"the model to start from was trained with model.{key} = {earlier}, and this "
                f"training has model.{key} = {value}: {_REMEDY}"
            )
    # The order of the weights is that of the layers; their names depend on where they are created.
    tables = {id(table.variable) for table in vocabulary_tables(towers)}
    shapes = [_shape(weight, id(weight) in tables) for weight in towers.weights]
    earlier_shapes = [value.shape for value in state.weights]
    if len(shapes) != len(earlier_shapes) or not all(
        earlier[-len(shape) :] == shape if shape else earlier == ()
        for shape, earlier in zip(shapes, earlier_shapes, strict=True)
    ):
        raise InputError(
            "the model to start from has other layers, since another version of this package "
            "trained it: set train.warm_start to false for one run"
        )


def _shape(weight: tf.Variable, is_table: bool) -> tuple[int, ...]:
    """Returns the shape that two trainings have in common: without the rows of a table."""
    shape = tuple(weight.shape.as_list())
    return shape[1:] if is_table else shape


def _count(source: Vocabulary, target: Vocabulary) -> TransferredRows:
    kept = len(set(source) & set(target))
    return TransferredRows(kept, len(target) - kept, len(source) - kept)


def _listed(features: list[list[str]]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in features) or "(none)"


def _flat(plan: dict[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in plan.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
