"""What a training reads: both window splits, the catalogue, and what the vocabularies hold."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow_transform as tft

from components.progress import progress
from components.trainer.data.candidates import CandidateTable, candidate_table, read_catalogue
from components.trainer.data.features import TowerFeatures, tower_features
from components.trainer.data.repeated_items import folded
from components.trainer.data.windows import (
    TransformedWindows,
    newcomers,
    read_transformed_windows,
    with_targets,
)
from components.transform.vocabularies import EMPTY_VOCABULARY_ENTRY, read_counts
from schemas.errors import InputError
from schemas.features import EVAL_SPLIT, TIMESTAMP, TRAIN_SPLIT, feature_table
from schemas.settings import DataSettings
from schemas.transformed import EVENT_TYPE_VOCABULARY, ITEM_VOCABULARY

# Enough to tell epochs apart (recall@10 of .1 to ± .004), and few beside an epoch of training:
# a validation target brings a whole history of its own.
MAX_VALIDATION_TARGETS = 5_000
# Enough windows to meet every kind of missing value, and nothing beside a training.
_SAMPLE_TARGETS = 64


@dataclass(frozen=True)
class TrainerInputs:
    """What training reads.

    Attributes:
      train_files: Transformed windows of split train.
      eval_files: Transformed windows of split eval.
      catalogue_files: The transformed catalogue.
      windows_graph: Path of the windows' transform graph.
      catalogue_graph: Path of the catalogue's transform graph.
    """

    train_files: Sequence[str]
    eval_files: Sequence[str]
    catalogue_files: Sequence[str]
    windows_graph: str
    catalogue_graph: str


@dataclass(frozen=True)
class TrainData:
    """What a training learns from, in memory.

    Where repeats are no targets, runs of one item are one event
    (`components.trainer.data.repeated_items`) in all windows but the sample's.

    Attributes:
      features: What the towers see.
      candidates: The candidate table.
      train: TransformedWindows with targets to learn from.
      validation: TransformedWindows with targets to rank; none where split eval has none.
      newcomers: Split eval's users without a past, each by its first event.
      available_rows: [num_available] int32 rows of the candidates not known to appear after the
        last event of split train.
      sample_split: eval, or train where split eval has no target.
      sample: A few windows of that split as they came, to hold serving against.
      excludes_history: Whether what a user already interacted with is not recommended.
    """

    features: TowerFeatures
    candidates: CandidateTable
    train: TransformedWindows
    validation: TransformedWindows
    newcomers: TransformedWindows
    available_rows: np.ndarray
    sample_split: str
    sample: TransformedWindows
    excludes_history: bool


def read_data(inputs: TrainerInputs, data: DataSettings) -> TrainData:
    """Reads both splits, the catalogue and the sizes of all vocabularies.

    Raises:
      InputError: There is no target to learn from, a weight is of an event type that does not
        occur, or windows and catalogue do not fit.
    """
    windows_graph = tft.TFTransformOutput(inputs.windows_graph)
    catalogue_graph = tft.TFTransformOutput(inputs.catalogue_graph)
    features = tower_features(feature_table(data), windows_graph, catalogue_graph)
    vocabulary, _ = read_counts(windows_graph, ITEM_VOCABULARY)
    catalogue = read_catalogue(list(inputs.catalogue_files), features.item)
    candidates = candidate_table(vocabulary, catalogue, features.item)
    weights = _weight_of_type(windows_graph, data.targets.weights)
    exclude_repeats = data.repeat_interactions == "exclude"

    def split(files: Sequence[str]) -> TransformedWindows:
        return read_transformed_windows(list(files), features, candidates, weights, exclude_repeats)

    all_windows = split(inputs.train_files)
    train_windows = with_targets(all_windows)
    eval_windows = split(inputs.eval_files)
    validation = with_targets(eval_windows, MAX_VALIDATION_TARGETS)
    first_events = with_targets(newcomers(eval_windows), MAX_VALIDATION_TARGETS)
    _check_any_target(train_windows)
    sample_split = EVAL_SPLIT if validation.num_targets else TRAIN_SPLIT
    sample = with_targets(validation if validation.num_targets else train_windows, _SAMPLE_TARGETS)
    if exclude_repeats:
        train_windows = folded(train_windows, features.outcome_columns)
        validation = folded(validation, features.outcome_columns)
    available_rows = candidates.rows_available_by(int(all_windows.events[TIMESTAMP].max()))
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
        features,
        candidates,
        train_windows,
        validation,
        first_events,
        available_rows,
        sample_split,
        sample,
        exclude_repeats,
    )


def _check_any_target(train: TransformedWindows) -> None:
    if train.num_targets:
        return
    if train.repeat_targets:
        raise InputError(
            f"split train has no target to learn from: all {train.repeat_targets} repeat an item "
            "of their history, and repeat_interactions is exclude; set it to allow if items are "
            "to be recommended again"
        )
    raise InputError(
        "split train has no target to learn from: check targets.event_types and the split"
    )


def _weight_of_type(graph: tft.TFTransformOutput, weights: dict[str, float]) -> np.ndarray:
    """[num_event_types + 1] float32: the weight of each event type's index; 1 by default."""
    entries = graph.vocabulary_by_name(EVENT_TYPE_VOCABULARY)
    names = [entry.decode(errors="replace") for entry in entries]
    found = sorted(set(names) - {EMPTY_VOCABULARY_ENTRY.decode()})
    for name in weights:
        _check_known_type(name, found)
    by_index = [weights.get(name, 1.0) for name in names]
    return np.array([*by_index, 1.0], np.float32)


def _check_known_type(name: str, found: list[str]) -> None:
    if name in found:
        return
    key = f"targets.weights.{name}"
    if not found:
        raise InputError(
            f"{key}: the events of split train have no type; leave targets.weights out, or name "
            "the column in interactions.fields.event_type"
        )
    nearest = difflib.get_close_matches(name, found, n=1, cutoff=0.0)[0]
    raise InputError(
        f"{key}: split train has no event of this type; its types are {', '.join(found)}, the "
        f"nearest is {nearest!r}: correct the key or leave it out"
    )
