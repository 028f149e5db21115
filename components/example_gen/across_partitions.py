"""What the partitions say together: where the splits begin, and how often items are trained on."""

from collections import Counter
from collections.abc import Iterable

import apache_beam as beam
import numpy as np

from components.example_gen.event_table import TIME_US
from components.example_gen.partition_steps import Cleaned
from components.example_gen.split import Boundaries, configured_boundaries, quantile_boundaries
from components.records.arrow_rows import read_stream
from schemas.settings import DataSettings


def times_us(cleaned: Cleaned) -> np.ndarray:
    """[num_events] int64: when the events of a partition were."""
    # A copy: a view would keep the whole stream in memory.
    return read_stream(cleaned[0]).column(TIME_US).to_numpy().copy()


class Timeline(beam.CombineFn):
    """Arrays of timestamps → (number of events, boundaries of the splits).

    The quantiles are exact: all timestamps of the kept events meet in one worker, 8 bytes each.
    """

    def __init__(self, settings: DataSettings):
        self._settings = settings.split

    def create_accumulator(self) -> list[np.ndarray]:
        return []

    def add_input(self, accumulator: list[np.ndarray], element: np.ndarray) -> list[np.ndarray]:
        accumulator.append(element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[list[np.ndarray]]) -> list[np.ndarray]:
        return [_joined(arrays) for arrays in accumulators]

    def compact(self, accumulator: list[np.ndarray]) -> list[np.ndarray]:
        return [_joined(accumulator)]

    def extract_output(self, accumulator: list[np.ndarray]) -> tuple[int, Boundaries | None]:
        times = _joined(accumulator)
        boundaries = configured_boundaries(self._settings)
        if boundaries is None and self._settings.policy == "temporal":
            boundaries = quantile_boundaries(
                times, self._settings.eval_fraction, self._settings.test_fraction
            )
        return len(times), boundaries


class SumCounts(beam.CombineFn):
    """Counters → their sum."""

    def create_accumulator(self) -> Counter[str]:
        return Counter()

    def add_input(self, accumulator: Counter[str], element: Counter[str]) -> Counter[str]:
        accumulator.update(element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Counter[str]]) -> Counter[str]:
        total: Counter[str] = Counter()
        for counts in accumulators:
            total.update(counts)
        return total

    def extract_output(self, accumulator: Counter[str]) -> Counter[str]:
        return accumulator


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0, np.int64), *arrays])
