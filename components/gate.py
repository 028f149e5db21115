"""A gate is a value with a reason; a rejection names the gate and what to do."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from components.progress import progress


@dataclass(frozen=True)
class GateResult:
    """One gate's verdict.

    Attributes:
      name: `step.what`, e.g. `data.reject_fraction`.
      passed: Whether the run may go on.
      value: What was measured; None where there was nothing to measure.
      threshold: What was allowed; None where there was nothing to compare with.
      reason: One sentence; on a rejection it says what to do.
    """

    name: str
    passed: bool
    value: float | None
    threshold: float | None
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """JSON values, as they stand in `metrics.json`."""
        return asdict(self)


def log_gates(gates: Iterable[GateResult]) -> None:
    """Logs one line per gate to the progress of the run: verdict, name and reason."""
    for gate in gates:
        progress.info("%s %s: %s", "✓" if gate.passed else "✗", gate.name, gate.reason)


class GateRejectedError(RuntimeError):
    """A gate rejected, and the run must stop."""

    def __init__(self, gates: Iterable[GateResult]):
        self.gates = tuple(gates)
        self.failed = tuple(gate for gate in self.gates if not gate.passed)
        super().__init__("; ".join(f"{gate.name}: {gate.reason}" for gate in self.failed))
