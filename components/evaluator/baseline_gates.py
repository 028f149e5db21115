"""The gates that compare a model with baselines."""

from collections.abc import Mapping

from components.evaluator.metric_limits import (
    SENSITIVE_METRIC,
    MetricLimits,
    Metrics,
    why_undecided,
)
from components.evaluator.paired_comparison import PairedComparison
from components.gate import GateResult, Verdict
from schemas.evaluation_settings import ModelGateSettings


def baseline_gates(
    settings: ModelGateSettings,
    model: Metrics,
    baselines: Mapping[str, Metrics],
    comparisons: Mapping[str, PairedComparison],
    limits: MetricLimits,
) -> list[GateResult]:
    """Compares the model with each baseline by the interval of their paired difference.

    The verdict is "undecided" if the metric has the same value for every ranking, or if the model
    and the baseline have the largest possible value. The gate then passes, and its reason begins
    with "undecided".

    Args:
      settings: The metric, and the baselines of which the model must be better, or not worse.
      model: The metrics of the model on the test split.
      baselines: The metrics of each baseline that was not left out, on the same queries.
      comparisons: For the same baselines, the comparison of the model with it by the metric.
      limits: The worst and best values of the metrics on these queries.

    Returns:
      One result for each baseline that the settings name. Its value is the difference, model minus
      baseline; its threshold is the smallest difference that would pass at the spread of these
      users. A baseline that was left out rejects a model that must be better.
    """
    named = settings.not_worse_than
    compared = tuple(baselines) if named is None else named
    names = dict.fromkeys((*settings.better_than, *compared))
    ordered = [name for name in baselines if name in names]
    left_out = [name for name in names if name not in baselines]
    doubt = why_undecided(settings.metric, model, limits)
    return [
        *(
            _against_baseline(settings, name, baselines[name], comparisons[name], limits, doubt)
            for name in ordered
        ),
        *(_left_out(settings, name) for name in left_out),
    ]


def _against_baseline(
    settings: ModelGateSettings,
    name: str,
    baseline: Metrics,
    comparison: PairedComparison,
    limits: MetricLimits,
    doubt: str | None,
) -> GateResult:
    gate = f"model.against_{name}"
    difference = comparison.difference
    if doubt is not None:
        if not limits.is_constant(SENSITIVE_METRIC):
            doubt += f"; {baseline[SENSITIVE_METRIC]:.4f} for the baseline {name}"
        return GateResult(gate, True, difference, None, doubt, Verdict.UNDECIDED)
    if all(limits.is_best(settings.metric, v) for v in (comparison.value, comparison.other)):
        reason = (
            f"undecided: {settings.metric} of the model and of the baseline {name} is "
            f"{comparison.value:.4f}, the largest possible value on these queries"
        )
        return GateResult(gate, True, difference, None, reason, Verdict.UNDECIDED)
    verdict = comparison.verdict()
    must_be_better = name in settings.better_than
    passed = verdict is Verdict.BETTER or (verdict is Verdict.UNDECIDED and not must_be_better)
    threshold = comparison.smallest_accepted()
    if must_be_better:
        threshold = difference - comparison.low
    reason = f"{verdict.value}: {comparison.describe(f'the baseline {name}')}"
    if verdict is Verdict.UNDECIDED:
        reason += f"; {comparison.describe_doubt()}"
    if not passed:
        reason += f": {_baseline_remedy(name, must_be_better)}"
    return GateResult(gate, passed, difference, threshold, reason, verdict)


def _baseline_remedy(name: str, must_be_better: bool) -> str:
    if must_be_better:
        return (
            "the model must be better than this baseline; train longer or on more data, check in "
            f"which slices it is not, or remove {name} from evaluation.gates.better_than"
        )
    return (
        "train longer or on more data, check in which slices the model is worse, or leave "
        f"{name} out of evaluation.gates.not_worse_than (by default, every baseline)"
    )


def _left_out(settings: ModelGateSettings, name: str) -> GateResult:
    gate = f"model.against_{name}"
    reason = (
        f"the baseline {name} was left out, for the reason given under `baselines` in metrics.json"
    )
    if name in settings.better_than:
        remedy = f"remove {name} from evaluation.gates.better_than"
        return GateResult(gate, False, None, None, f"{reason}: {remedy}")
    return GateResult(gate, True, None, None, f"undecided: {reason}", Verdict.UNDECIDED)
