"""Compares two finished runs."""

from dataclasses import asdict, dataclass
from typing import Any

from components.nested_changes import Change
from pipeline.comparison.metrics import MetricsComparison, compare_metrics
from pipeline.comparison.outcomes import (
    ComponentChange,
    GateChange,
    compare_components,
    compare_gates,
    index_changes,
)
from pipeline.comparison.recorded_run import RecordedRun
from pipeline.comparison.sources import (
    code_changes,
    configuration_changes,
    data_changes,
    has_same_data,
    recipe_changes,
)


@dataclass(frozen=True)
class RunComparison:
    """What differs between two runs, A and B.

    Attributes:
      a: What identifies run A, and its outcome.
      b: The same of run B.
      has_same_data: Whether the fingerprints of the inputs are equal; None if one is unknown.
      data: Differences of fingerprints, counts, rejects and splits.
      configuration: Differences of the configuration by key.
      recipe: Differences of the settings that the recipe chose.
      code: Differences of this package, of the version set and of the libraries.
      metrics: The test metrics of both.
      index: Differences of the index.
      gates: The gates of both.
      components: The components of both, with their time and memory.
    """

    a: dict[str, Any]
    b: dict[str, Any]
    has_same_data: bool | None
    data: list[Change]
    configuration: list[Change]
    recipe: list[Change]
    code: list[Change]
    metrics: MetricsComparison
    index: list[Change]
    gates: list[GateChange]
    components: list[ComponentChange]

    def to_dict(self) -> dict[str, Any]:
        """Returns the comparison as JSON values."""
        return asdict(self)


def compare_runs(a: RecordedRun, b: RecordedRun) -> RunComparison:
    """Compares two runs, each as far as it went."""
    return RunComparison(
        a=a.describe(),
        b=b.describe(),
        has_same_data=has_same_data(a, b),
        data=data_changes(a, b),
        configuration=configuration_changes(a, b),
        recipe=recipe_changes(a, b),
        code=code_changes(a, b),
        metrics=compare_metrics(a, b),
        index=index_changes(a, b),
        gates=compare_gates(a, b),
        components=compare_components(a, b),
    )
