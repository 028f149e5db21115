"""What every program measures: speed after its start, peak memory, and recall of held-out items."""

import json
import resource
import time
from dataclasses import asdict, dataclass, field

import numpy as np
import numpy.typing as npt

from benchmarks.training.sequences import SequenceLog

# Tracing, compilation and the filling of caches are in the first part of the time limit.
_WARM_UP_SHARE = 0.4
_BYTES_PER_MAXRSS = 1024
CUTOFF = 10
_QUERIES_PER_BLOCK = 512


@dataclass
class StepClock:
    """Counts the targets of training steps by time.

    Attributes:
      seconds: The time limit of the training.
      started: The instant at which the program has read the log, by `time.perf_counter`.
      ends: The instant of the end of each step.
      targets: The number of targets of each step.
    """

    seconds: float
    started: float = field(default_factory=time.perf_counter)
    ends: list[float] = field(default_factory=list)
    targets: list[float] = field(default_factory=list)

    def step(self, num_targets: float) -> None:
        """Counts a step that has ended."""
        self.ends.append(time.perf_counter())
        self.targets.append(num_targets)

    @property
    def is_over(self) -> bool:
        """Whether the time limit is exceeded."""
        return time.perf_counter() - self.started > self.seconds

    @property
    def targets_per_second(self) -> float:
        """The speed after the warm-up, and in any case without the first step.

        Raises:
          RuntimeError: The time limit ended the training before the second step.
        """
        if len(self.ends) < 2:
            raise RuntimeError(
                f"the time limit of {self.seconds:.0f} s ended the training after "
                f"{len(self.ends)} steps, and a speed needs two: raise --seconds"
            )
        warm_up_end = self.started + _WARM_UP_SHARE * (self.ends[-1] - self.started)
        first = min(int(np.searchsorted(self.ends, warm_up_end)), len(self.ends) - 2)
        return sum(self.targets[first + 1 :]) / (self.ends[-1] - self.ends[first])


@dataclass(frozen=True)
class Measurement:
    """The result of one program.

    Attributes:
      targets_per_second: The speed after the start.
      first_step_s: The time until the end of the first step, with the preparation of the model and
        of the data, tracing and compilation.
      targets: How many targets were trained, each as often as it occurred.
      peak_mb: The peak memory of the process, in 2^20 bytes.
      recall: Recall@10 of the held-out items, among all items that the user has not seen.
    """

    targets_per_second: float
    first_step_s: float
    targets: float
    peak_mb: float
    recall: float

    def print(self) -> None:
        """Prints the result as the last line of stdout."""
        print(json.dumps(asdict(self)), flush=True)


def measurement(clock: StepClock, recall: float) -> Measurement:
    """Returns the result of a training; the peak memory is that of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_MAXRSS
    return Measurement(
        clock.targets_per_second,
        clock.ends[0] - clock.started,
        sum(clock.targets),
        peak / 2**20,
        recall,
    )


def recall_of(
    log: SequenceLog, queries: npt.NDArray[np.float32], candidates: npt.NDArray[np.float32]
) -> float:
    """Returns recall@10 of the held-out items by dot product.

    Args:
      log: The log.
      queries: [num_users, dim] float32.
      candidates: [num_items, dim] float32.
    """
    hits = 0
    for first in range(0, len(queries), _QUERIES_PER_BLOCK):
        block = slice(first, first + _QUERIES_PER_BLOCK)
        scores = queries[block] @ candidates.T
        for row, start, end in zip(scores, log.starts[block], log.ends[block], strict=True):
            target_score = row[log.items[end]]
            row[log.items[start:end]] = -np.inf
            # Ties count against the target, and so do scores that are not a number.
            hits += len(row) - np.count_nonzero(row < target_score) <= CUTOFF
    return hits / len(queries)
