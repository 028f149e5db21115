"""The state of a finished training in one file: weights, vocabularies, features and plan."""

import io
import json
import os
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from components import files
from components.trainer.data.features import TowerFeatures
from components.trainer.fit.recipe import Recipe
from components.trainer.model.towers import RetrievalTowers
from components.trainer.plan import EncoderPlan, ModelPlan, TrainPlan
from components.trainer.state.vocabularies import Vocabulary, vocabulary_tables
from schemas.bundle import TRAINING_STATE_FILE
from schemas.errors import InputError

_DESCRIPTION, _WEIGHT, _BYTES, _ENDS = "description", "weight", "bytes", "ends"


@dataclass(frozen=True)
class TrainingState:
    """The weights of towers, and what is needed to move them into other towers.

    Attributes:
      plan: Sizes and parts of the towers, as JSON values.
      features: The input features, as JSON values: name and kind by role.
      recipe: The values of the training by dotted key, as JSON values.
      best_epoch: The number of epochs after which the weights were the best, from 1.
      train_end_s: The time of the last target of the training, seconds since the epoch, UTC.
      weights: The weights, in the order of `RetrievalTowers.weights`.
      vocabularies: The entries of each vocabulary that a table uses, by name.
    """

    plan: dict[str, Any]
    features: dict[str, list[list[str]]]
    recipe: dict[str, Any]
    best_epoch: int
    train_end_s: int
    weights: tuple[npt.NDArray[Any], ...]
    vocabularies: dict[str, Vocabulary]


def state_of(
    towers: RetrievalTowers,
    recipe: Recipe,
    best_epoch: int,
    train_end_s: int,
    vocabularies: dict[str, Vocabulary],
) -> TrainingState:
    """Returns the state of trained towers.

    Args:
      towers: The towers.
      recipe: The plan of their training.
      best_epoch: The number of epochs after which the weights were the best.
      train_end_s: The time of the last target of the training, seconds since the epoch, UTC.
      vocabularies: The result of `tower_vocabularies`; those that no table uses are left out, such
        as the ids of users.
    """
    used = {table.vocabulary for table in vocabulary_tables(towers)}
    return TrainingState(
        plan=described_plan(recipe.model),
        features=described_features(towers.features),
        recipe=asdict(recipe.train),
        best_epoch=best_epoch,
        train_end_s=train_end_s,
        weights=tuple(weight.numpy() for weight in towers.weights),
        vocabularies={name: entries for name, entries in vocabularies.items() if name in used},
    )


def recipe_of(state: TrainingState) -> Recipe:
    """Returns the plan of the training that the state is of, without the reasons for it."""
    model = {**state.plan, "encoder": EncoderPlan(**state.plan["encoder"])}
    return Recipe(ModelPlan(**model), TrainPlan(**state.recipe), ())


def described_plan(plan: ModelPlan) -> dict[str, Any]:
    """Returns the sizes and parts of towers as JSON values; two plans are equal if these are."""
    return asdict(plan)


def described_features(features: TowerFeatures) -> dict[str, list[list[str]]]:
    """Returns the name and kind of each input feature by role, as JSON values."""
    return {
        role: [[feature.name, feature.kind.value] for feature in getattr(features, role)]
        for role in ("user", "context", "outcome", "item")
    }


def state_path(model_path: str) -> str:
    """Returns the path of the state in the folder of the towers' SavedModel."""
    return os.path.join(model_path, TRAINING_STATE_FILE)


def write_state(model_path: str, state: TrainingState) -> None:
    """Writes the state into the folder of the towers' SavedModel."""
    description = {
        "plan": state.plan,
        "features": state.features,
        "recipe": state.recipe,
        "best_epoch": state.best_epoch,
        "train_end_s": state.train_end_s,
        "num_weights": len(state.weights),
        "vocabularies": sorted(state.vocabularies),
    }
    arrays = {_DESCRIPTION: _as_bytes(json.dumps(description).encode())}
    for number, weight in enumerate(state.weights):
        arrays[f"{_WEIGHT}.{number}"] = weight
    for number, name in enumerate(sorted(state.vocabularies)):
        entries = state.vocabularies[name]
        arrays[f"{_BYTES}.{number}"] = _as_bytes(b"".join(entries))
        arrays[f"{_ENDS}.{number}"] = np.cumsum([len(entry) for entry in entries], dtype=np.int64)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    path = state_path(model_path)
    files.make_folder(os.path.dirname(path))
    files.write_bytes(path, buffer.getvalue())


def read_state(model_path: str) -> TrainingState:
    """Reads the state from the folder of the towers' SavedModel.

    Raises:
      InputError: The folder has no state, or one that cannot be read.
    """
    path = state_path(model_path)
    if not files.exists(path):
        raise InputError(
            f"{path}: no such file; these towers were trained before their state was kept, so no "
            "training can start from them: set train.warm_start to false for one run"
        )
    try:
        with np.load(io.BytesIO(files.read_bytes(path)), allow_pickle=False) as arrays:
            return _parse(dict(arrays))
    except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
        raise InputError(
            f"{path} is not a valid training state ({error}); train again, or set "
            "train.warm_start to false"
        ) from error


def _parse(arrays: dict[str, npt.NDArray[Any]]) -> TrainingState:
    description = json.loads(arrays[_DESCRIPTION].tobytes())
    return TrainingState(
        plan=description["plan"],
        features=description["features"],
        recipe=description["recipe"],
        best_epoch=description["best_epoch"],
        train_end_s=description["train_end_s"],
        weights=tuple(
            arrays[f"{_WEIGHT}.{number}"] for number in range(description["num_weights"])
        ),
        vocabularies={
            name: _entries(arrays[f"{_BYTES}.{number}"], arrays[f"{_ENDS}.{number}"])
            for number, name in enumerate(description["vocabularies"])
        },
    )


def _as_bytes(content: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(content, np.uint8)


def _entries(content: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> Vocabulary:
    joined, bounds = content.tobytes(), [0, *ends.tolist()]
    return tuple(joined[start:end] for start, end in pairwise(bounds))
