"""The result of a quality gate, its log line, and the error of a rejection."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from components.progress import progress


class Verdict(str, Enum):
    """The verdict of a comparison of a model with another one.

    BETTER: the model is better. NOT_WORSE: it is not worse than the tolerance of the gate allows.
    WORSE: it is worse than that. UNDECIDED: the data is not sufficient for one of these.
    """

    BETTER = "better"
    NOT_WORSE = "not worse"
    UNDECIDED = "undecided"
    WORSE = "worse"


@dataclass(frozen=True)
class GateResult:
    """The result of one gate.

    Attributes:
      name: `step.gate`, e.g. `data.interaction_reject_fraction`.
      passed: Whether the run may continue.
      value: The measured value; None if there was nothing to measure.
      threshold: The limit of the value; None if there was nothing to compare with.
      reason: One sentence; for a rejection it includes the remedy.
      verdict: The verdict of a comparison; None if the gate compares nothing.
    """

    name: str
    passed: bool
    value: float | None
    threshold: float | None
    reason: str
    verdict: Verdict | None = None

    @property
    def is_warning(self) -> bool:
        """Whether the gate passed because nothing could be decided."""
        return self.passed and self.verdict == Verdict.UNDECIDED

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as JSON values, as written to `metrics.json`."""
        return asdict(self)


def log_gates(gates: Iterable[GateResult]) -> None:
    """Logs one progress line per gate: passed or rejected, name and reason.

    A gate that passed undecided is a warning.
    """
    for gate in gates:
        log = progress.warning if gate.is_warning else progress.info
        log("%s %s: %s", "✓" if gate.passed else "✗", gate.name, gate.reason)


class GateRejectedError(RuntimeError):
    """Raised by a step whose gates rejected, to stop the run.

    Attributes:
      gates: The results of all gates of the step.
      failed: The results of those that rejected.
    """

    def __init__(self, gates: Iterable[GateResult]):
        self.gates = tuple(gates)
        self.failed = tuple(gate for gate in self.gates if not gate.passed)
        super().__init__("; ".join(f"{gate.name}: {gate.reason}" for gate in self.failed))
