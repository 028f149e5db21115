"""The windows of all splits, with rows for the ids that are new after split train."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from components.examples.ragged import read_ragged
from components.refit.sequences import UserSequences, user_sequences
from components.trainer.data.id_vocabularies import IdVocabularies, read_id_vocabularies
from components.trainer.data.read import (
    SAMPLE_TARGETS,
    TrainData,
    TrainerInputs,
    windows_reader,
)
from components.trainer.data.read_windows import WindowsReader
from components.trainer.data.windows import WEIGHT, TransformedWindows, joined, with_targets
from schemas.errors import InputError
from schemas.features import (
    EVAL_SPLIT,
    ITEM_ID,
    TEST_SPLIT,
    TIMESTAMP,
    TRAIN_SPLIT,
    USER_ID,
)
from schemas.settings import DataSettings

# Enough for a comparison: each target comes with all of its history.
_MAX_SCORED = 5_000


@dataclass(frozen=True)
class WholeLog:
    """All windows of the log, and the tables that they refer to.

    Attributes:
      reader: The candidate table with its new rows, the features and the vocabularies.
      known: The ids of split train.
      train: Windows of split train with a target.
      sequences: The events of the windows of the splits eval and test.
      test: Windows of split test with a target, with all of their history.
      max_history: The largest number of events before a target that the model reads.
      sample_split: The split of `sample`.
      sample: A few windows, for the comparison of training and serving.
    """

    reader: WindowsReader
    known: IdVocabularies
    train: TransformedWindows
    sequences: UserSequences
    test: TransformedWindows
    max_history: int
    sample_split: str
    sample: TransformedWindows

    @cached_property
    def later(self) -> TransformedWindows:
        """Windows for training with the targets of the splits eval and test."""
        return self.reader.merged(self.sequences.cut(self.max_history))

    @property
    def end_s(self) -> int:
        """The time of the last target of the log, in seconds since the epoch, UTC."""
        events = self.sequences.windows.events
        return int(events[TIMESTAMP][events[WEIGHT] > 0].max())

    def middle_of_test_s(self) -> int:
        """Returns the median time of the targets of split test, in seconds since the epoch, UTC."""
        return int(np.median(self.test.events[TIMESTAMP][self.test.events[WEIGHT] > 0]))

    def learned_until(self, end_s: int) -> TransformedWindows:
        """Returns windows for training with the targets after split train up to an instant.

        Args:
          end_s: Seconds since the epoch, UTC.
        """
        return self.reader.merged(self.sequences.cut(self.max_history, end_s))

    def targets_after(self, end_s: int) -> TransformedWindows:
        """Returns windows of split test with targets after an instant, at most _MAX_SCORED.

        Args:
          end_s: Seconds since the epoch, UTC.
        """
        newer = _weighted(self.test, self.test.events[TIMESTAMP] > end_s)
        return with_targets(newer, _MAX_SCORED)

    def data(self, windows: TransformedWindows, counted: TransformedWindows) -> TrainData:
        """Returns the data of a training without validation.

        Args:
          windows: The windows to learn.
          counted: The windows whose targets count for the popularity and the age of items.
        """
        reader = self.reader
        nothing = with_targets(_weighted(self.train, np.zeros_like(self.train.events[WEIGHT])))
        end_s = int(counted.events[TIMESTAMP][counted.events[WEIGHT] > 0].max())
        return TrainData(
            features=reader.features,
            candidates=reader.candidates,
            vocabularies=reader.vocabularies,
            train=windows,
            validation=nothing,
            num_eval_targets=0,
            new_users=nothing,
            available_rows=reader.candidates.rows_available_by(end_s),
            sample_split=self.sample_split,
            sample=self.sample,
            excludes_history=reader.excludes_history,
            counted=counted,
        )


def read_whole_log(
    inputs: TrainerInputs, test_files: Sequence[str], data: DataSettings
) -> WholeLog:
    """Reads all splits. Ids that occur after split train are added to the vocabularies.

    Args:
      inputs: The files of the splits train and eval and of the catalogue, and the transform graphs.
      test_files: Transformed windows of split test.
      data: The settings of the data.

    Raises:
      InputError: There is no target after split train.
    """
    known = read_id_vocabularies(tft.TFTransformOutput(inputs.windows_graph))
    items, users = _ids([*inputs.eval_files, *test_files])
    reader = windows_reader(inputs, data, known.grown(items, users))
    splits = {
        TRAIN_SPLIT: with_targets(reader.read(inputs.train_files)),
        EVAL_SPLIT: with_targets(reader.read(inputs.eval_files)),
        TEST_SPLIT: with_targets(reader.read(test_files)),
    }
    if not splits[EVAL_SPLIT].num_targets + splits[TEST_SPLIT].num_targets:
        raise InputError(
            "the log has no target after split train, so that a refit has nothing to learn: set "
            "train.refit to none, or check split.eval_fraction and split.test_fraction"
        )
    sample_split = EVAL_SPLIT if splits[EVAL_SPLIT].num_targets else TRAIN_SPLIT
    return WholeLog(
        reader,
        known,
        reader.merged(splits[TRAIN_SPLIT]),
        user_sequences(joined([splits[EVAL_SPLIT], splits[TEST_SPLIT]])),
        reader.merged(splits[TEST_SPLIT]),
        data.history.max_length,
        sample_split,
        with_targets(splits[sample_split], SAMPLE_TARGETS),
    )


def replayed(
    windows: TransformedWindows, num_targets: int, generator: np.random.Generator
) -> TransformedWindows:
    """Returns random windows with about `num_targets` targets; all of them if there are fewer."""
    order = generator.permutation(len(windows))
    counts = np.bincount(
        np.repeat(np.arange(len(windows)), windows.lengths)[windows.events[WEIGHT] > 0],
        minlength=len(windows),
    )
    return windows.selected(np.sort(order[np.cumsum(counts[order]) <= num_targets]))


def _weighted(windows: TransformedWindows, kept: npt.NDArray[np.generic]) -> TransformedWindows:
    """Returns the windows with the weight of all events but the kept ones set to 0."""
    weight = np.where(kept, windows.events[WEIGHT], np.float32(0.0))
    return replace(windows, events={**windows.events, WEIGHT: weight})


def _ids(files: Sequence[str]) -> tuple[Iterator[bytes], Iterator[bytes]]:
    """Returns the ids of the items and of the users of windows, the most frequent first."""
    columns = read_ragged(files, {ITEM_ID: tf.string, USER_ID: tf.string})
    return _by_frequency(columns[ITEM_ID].values), _by_frequency(columns[USER_ID].values)


def _by_frequency(ids: npt.NDArray[np.object_]) -> Iterator[bytes]:
    distinct, counts = np.unique(ids, return_counts=True)
    return iter(distinct[np.argsort(-counts, kind="stable")])
