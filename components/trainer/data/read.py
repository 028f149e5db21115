"""Reads the data of a training: both splits of the windows, the catalogue and vocabularies."""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow_transform as tft

from components.progress import progress
from components.trainer.data.candidates import (
    CandidateTable,
    candidate_table,
    read_transformed_catalogue,
)
from components.trainer.data.column_store import BYTES_PER_GB
from components.trainer.data.features import TowerFeatures, tower_features
from components.trainer.data.id_vocabularies import IdVocabularies, read_id_vocabularies
from components.trainer.data.read_windows import WindowsReader
from components.trainer.data.windows import (
    TransformedWindows,
    first_targets,
    with_targets,
)
from components.transform.vocabularies import EMPTY_VOCABULARY_ENTRY
from schemas.errors import InputError
from schemas.features import EVAL_SPLIT, TRAIN_SPLIT, feature_table
from schemas.settings import DataSettings
from schemas.transformed import EVENT_TYPE_VOCABULARY

# Enough to compare epochs (recall@10 of .1 has a standard error of .004), and few enough to be fast
# compared to an epoch of training, since each validation target comes with a whole history.
MAX_VALIDATION_TARGETS = 5_000
# Enough windows to contain every kind of missing value; their cost is negligible.
SAMPLE_TARGETS = 64


@dataclass(frozen=True)
class TrainerInputs:
    """The input files of a training.

    Attributes:
      train_files: Transformed windows of split train.
      eval_files: Transformed windows of split eval.
      catalogue_files: The transformed catalogue.
      windows_graph: Path of the transform graph of the windows.
      catalogue_graph: Path of the transform graph of the catalogue.
    """

    train_files: Sequence[str]
    eval_files: Sequence[str]
    catalogue_files: Sequence[str]
    windows_graph: str
    catalogue_graph: str


@dataclass(frozen=True)
class TrainData:
    """The data of a training.

    If items of the history are not recommended, consecutive events of one item are merged into one
    event in `train` and `validation`, but not in `sample`.

    Attributes:
      features: The input features of the towers.
      candidates: The candidate table.
      vocabularies: The ids of items and users with a row of their own.
      train: The windows of split train that have a target.
      validation: Windows of split eval that have a target; empty if there are none.
      num_eval_targets: The number of targets of split eval, including those that are not in
        `validation`.
      new_users: The first events of the users of split eval without a history, one per window.
      available_rows: [num_available] int32 rows of the candidates that are not known to appear
        after the last event of split train.
      sample_split: `eval`, or `train` if split eval has no target.
      sample: A few windows of that split, for the comparison of training and serving.
      excludes_history: Whether items of the history are never recommended.
      counted: The windows whose targets count for the popularity, age and frequency of items; None
        if they are those of `train`.
    """

    features: TowerFeatures
    candidates: CandidateTable
    vocabularies: IdVocabularies
    train: TransformedWindows
    validation: TransformedWindows
    num_eval_targets: int
    new_users: TransformedWindows
    available_rows: npt.NDArray[np.int32]
    sample_split: str
    sample: TransformedWindows
    excludes_history: bool
    counted: TransformedWindows | None = None

    @property
    def target_events(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """The row of the candidate table and the time in seconds of each counted target."""
        targets = (self.train if self.counted is None else self.counted).targets()
        return targets.rows, targets.time_s

    @property
    def train_end_s(self) -> int:
        """The time of the last counted target, in seconds since the epoch, UTC."""
        return int(self.target_events[1].max())


def windows_reader(
    inputs: TrainerInputs,
    data: DataSettings,
    vocabularies: IdVocabularies | None = None,
    max_windows_gb: float = math.inf,
) -> WindowsReader:
    """Reads the catalogue and the vocabulary sizes.

    Args:
      inputs: The files of the catalogue, and the transform graphs.
      data: The settings of the data.
      vocabularies: The ids with a row of their own; None reads those of split train.
      max_windows_gb: The size of the windows of a split in memory; those of a larger split are
        streamed from temporary files (`train.max_windows_gb`).

    Raises:
      InputError: targets.weights contains an event type that does not occur, or the catalogue
        contains an item twice.
    """
    windows_graph = tft.TFTransformOutput(inputs.windows_graph)
    catalogue_graph = tft.TFTransformOutput(inputs.catalogue_graph)
    ids = read_id_vocabularies(windows_graph) if vocabularies is None else vocabularies
    features = tower_features(
        feature_table(data),
        windows_graph,
        catalogue_graph,
        len(ids.users),
        data.targets.negative is not None,
    )
    catalogue = read_transformed_catalogue(list(inputs.catalogue_files), features.item)
    return WindowsReader(
        features,
        candidate_table(ids.items, catalogue, features.item),
        ids,
        _weight_of_type(windows_graph, data.targets.weights),
        data.repeat_interactions == "exclude",
        max_windows_gb * BYTES_PER_GB,
    )


def read_data(
    inputs: TrainerInputs, data: DataSettings, max_windows_gb: float = math.inf
) -> TrainData:
    """Reads both splits, the catalogue and the vocabulary sizes.

    Args:
      inputs: The files and transform graphs to read.
      data: The settings of the data.
      max_windows_gb: The size of the windows of a split in memory; those of a larger split are
        streamed from temporary files (`train.max_windows_gb`).

    Raises:
      InputError: Split train has no target, targets.weights contains an event type that does not
        occur, or windows and catalogue do not match.
    """
    reader = windows_reader(inputs, data, max_windows_gb=max_windows_gb)
    candidates = reader.candidates
    train_windows = reader.read(
        inputs.train_files, lambda windows: reader.merged(with_targets(windows))
    )
    _check_any_target(train_windows, reader.excludes_history)
    eval_windows = reader.read(inputs.eval_files)
    validation = with_targets(eval_windows, MAX_VALIDATION_TARGETS)
    new_users = with_targets(first_targets(eval_windows), MAX_VALIDATION_TARGETS)
    sample_split = EVAL_SPLIT if validation.num_targets else TRAIN_SPLIT
    sampled = (
        validation if validation.num_targets else reader.read(inputs.train_files, with_targets)
    )
    sample = with_targets(sampled, SAMPLE_TARGETS)
    validation = reader.merged(validation)
    available_rows = candidates.rows_available_by(train_windows.last_event_s)
    progress.info(
        "%d windows with %d targets, %d candidates (%d with an id of their own, %d appear after "
        "split train), %d validation targets; %d targets left out as repeats",
        len(train_windows),
        train_windows.num_targets,
        len(candidates),
        candidates.num_vocabulary,
        len(candidates) - len(available_rows),
        validation.num_targets,
        train_windows.repeat_targets,
    )
    return TrainData(
        reader.features,
        candidates,
        reader.vocabularies,
        train_windows,
        validation,
        eval_windows.num_targets,
        new_users,
        available_rows,
        sample_split,
        sample,
        reader.excludes_history,
    )


def _check_any_target(train: TransformedWindows, exclude_repeats: bool) -> None:
    if train.num_targets:
        return
    if train.repeat_targets and not exclude_repeats:
        raise InputError(
            f"split train has no target to learn from: all {train.repeat_targets} are on items on "
            "which their user had given negative feedback; check targets.negative"
        )
    if train.repeat_targets:
        raise InputError(
            f"split train has no target to learn from: all {train.repeat_targets} repeat an item "
            "of their history, and repeat_interactions is exclude; set it to allow if items of "
            "the history may be recommended again"
        )
    raise InputError(
        "split train has no target to learn from: check targets.event_types and the split"
    )


def _weight_of_type(
    graph: tft.TFTransformOutput, weights: dict[str, float]
) -> npt.NDArray[np.float32]:
    """Returns [num_event_types + 1] float32 weights by event type index; 1 by default."""
    entries = graph.vocabulary_by_name(EVENT_TYPE_VOCABULARY)
    names = [entry.decode(errors="replace") for entry in entries]
    types = sorted(set(names) - {EMPTY_VOCABULARY_ENTRY.decode()})
    for name in weights:
        _check_event_type(name, types)
    by_index = [weights.get(name, 1.0) for name in names]
    return np.array([*by_index, 1.0], np.float32)


def _check_event_type(name: str, types: list[str]) -> None:
    if name in types:
        return
    key = f"targets.weights.{name}"
    if not types:
        raise InputError(
            f"{key}: the events of split train have no type; remove targets.weights, or set "
            "interactions.fields.event_type to the column of the event type"
        )
    nearest = difflib.get_close_matches(name, types, n=1, cutoff=0.0)[0]
    raise InputError(
        f"{key}: split train has no event of this type; its types are {', '.join(types)}, the "
        f"nearest is {nearest!r}: correct or remove the key"
    )
