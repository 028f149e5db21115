"""Values computed over all partitions: the boundaries of the splits, and train events per item."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import numpy.typing as npt

from components.example_gen.event_table import TIME_US
from components.example_gen.log_profile import period_width_s
from components.example_gen.split import Boundaries, configured_boundaries, quantile_boundaries
from components.example_gen.split_shares import SplitShares, split_shares
from components.records.arrow_rows import read_stream
from schemas.settings import DataSettings

# The events of a partition that `clean` keeps (`SortedEvents.to_bytes`), and the features of their
# users.
CleanedPartition = tuple[bytes, bytes]


@dataclass(frozen=True)
class TimeStatistics:
    """Statistics over the times of all events, before the rules that depend on the splits.

    Attributes:
      num_events: Number of these events.
      boundaries: Where the splits begin; None if the split is per user, or if there are fewer than
        three distinct times.
      shares: The division of the events into splits; None unless it is by fractions.
      period_s: The width of the periods in which kept events are counted, in seconds.
    """

    num_events: int
    boundaries: Boundaries | None
    shares: SplitShares | None = None
    period_s: int = 1


def event_times_us(cleaned: CleanedPartition) -> npt.NDArray[np.int64]:
    """Returns the [num_events] times of a partition's events, microseconds since the epoch."""
    # A copy, since a view would keep the whole stream in memory.
    return read_stream(cleaned[0]).column(TIME_US).to_numpy().copy()


class ComputeTimeStatistics(beam.CombineFn):
    """Combines arrays of event times into `TimeStatistics`.

    The quantiles are exact: one worker holds the times of all events, 8 bytes per event.
    """

    def __init__(self, settings: DataSettings):
        self._settings = settings.split

    def create_accumulator(self) -> list[npt.NDArray[np.int64]]:
        """Returns an empty list of arrays."""
        return []

    def add_input(
        self, accumulator: list[npt.NDArray[np.int64]], element: npt.NDArray[np.int64]
    ) -> list[npt.NDArray[np.int64]]:
        """Appends the times of one partition."""
        accumulator.append(element)
        return accumulator

    def merge_accumulators(
        self, accumulators: Iterable[list[npt.NDArray[np.int64]]]
    ) -> list[npt.NDArray[np.int64]]:
        """Returns a list with one array per accumulator."""
        return [_concatenate(arrays) for arrays in accumulators]

    def compact(self, accumulator: list[npt.NDArray[np.int64]]) -> list[npt.NDArray[np.int64]]:
        """Returns a list with a single array."""
        return [_concatenate(accumulator)]

    def extract_output(self, accumulator: list[npt.NDArray[np.int64]]) -> TimeStatistics:
        """Returns the statistics."""
        times_us = _concatenate(accumulator)
        boundaries = configured_boundaries(self._settings)
        if boundaries is None and self._settings.policy == "temporal":
            boundaries = quantile_boundaries(
                times_us, self._settings.eval_fraction, self._settings.test_fraction
            )
        shares = split_shares(times_us, boundaries, self._settings)
        return TimeStatistics(len(times_us), boundaries, shares, period_width_s(times_us))


class SumCounts(beam.CombineFn):
    """Adds counters."""

    def create_accumulator(self) -> Counter[str]:
        """Returns an empty counter."""
        return Counter()

    def add_input(self, accumulator: Counter[str], element: Counter[str]) -> Counter[str]:
        """Adds a counter to the accumulator."""
        accumulator.update(element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Counter[str]]) -> Counter[str]:
        """Returns the sum of the accumulators."""
        total: Counter[str] = Counter()
        for counts in accumulators:
            total.update(counts)
        return total

    def extract_output(self, accumulator: Counter[str]) -> Counter[str]:
        """Returns the sum."""
        return accumulator


def _concatenate(arrays: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.empty(0, np.int64), *arrays])
