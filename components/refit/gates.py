"""The gates of a refit: what its rehearsal gained, and whether the refitted towers are sound."""

from components.evaluator.embedding_health import effective_rank
from components.evaluator.paired_comparison import NEEDED_USERS
from components.gate import GateResult, Verdict
from components.refit.rehearsal import Rehearsal
from components.refit.target_ranks import TargetRanks

GATED_METRIC = "ndcg@10"
# The accepted loss on old windows, as a share of the proven towers' metric. These have seen the old
# windows in every epoch, and so rank them better than any later state does.
_MAX_LOSS_ON_OLD_WINDOWS = 0.1
_SMALLEST_SHARE_OF_RANK = 0.5
_REMEDY = (
    "look at the newest part of the log for a change (data gates, drift), or set train.refit to "
    "none to push the proven towers"
)


def rehearsal_gate(rehearsal: Rehearsal | None) -> GateResult:
    """Refuses a refit whose rehearsal is worse than the towers that were not continued."""
    name = "refit.rehearsal"
    if rehearsal is None:
        reason = "split test has no targets in two halves, so that the refit could not be rehearsed"
        return GateResult(name, True, None, None, reason, Verdict.UNDECIDED)
    comparison = rehearsal.comparisons[GATED_METRIC]
    verdict = comparison.verdict()
    numbers = (
        f"on the newer half of split test, after learning the older half, "
        f"{comparison.describe('the proven towers')}"
    )
    reasons = {
        Verdict.WORSE: f"{numbers}: what a refit learns makes the model worse; {_REMEDY}",
        Verdict.UNDECIDED: f"{numbers}: {comparison.describe_doubt()}",
    }
    return GateResult(
        name,
        verdict is not Verdict.WORSE,
        comparison.difference,
        comparison.smallest_accepted(),
        reasons.get(verdict, numbers),
        verdict,
    )


def finite_gate(ranks: TargetRanks) -> GateResult:
    """Refuses towers with an embedding that is not finite."""
    reason = "all embeddings are finite"
    if not ranks.is_finite:
        reason = (
            "an embedding of the refitted towers is not finite: lower train.learning_rate, or set "
            "train.refit to none to push the proven towers"
        )
    return GateResult("refit.finite", ranks.is_finite, None, None, reason)


def health_gate(refitted: TargetRanks, proven: TargetRanks) -> GateResult:
    """Refuses towers whose item embeddings have a far smaller effective rank than before."""
    value, before = effective_rank(refitted.candidates), effective_rank(proven.candidates)
    threshold = _SMALLEST_SHARE_OF_RANK * before
    passed = value >= threshold
    reason = f"the effective rank of the item embeddings is {value:.1f}, before {before:.1f}"
    if not passed:
        reason += f": the refit collapsed the embedding space; {_REMEDY}"
    return GateResult("refit.embedding_health", passed, value, threshold, reason)


def old_windows_gate(refitted: TargetRanks, proven: TargetRanks, seed: int) -> GateResult:
    """Refuses towers that have forgotten split train.

    Args:
      refitted: Ranks of a sample of the targets of split train by the refitted towers.
      proven: Ranks of the same targets by the proven towers.
      seed: Seed of the bootstrap samples.
    """
    name = "refit.old_windows"
    comparison = refitted.compared_with(proven, GATED_METRIC, seed)
    tolerance = _MAX_LOSS_ON_OLD_WINDOWS * comparison.other
    verdict = comparison.verdict(tolerance)
    numbers = f"on windows of split train, {comparison.describe('the proven towers')}"
    reason = numbers
    if verdict is Verdict.WORSE:
        reason = f"{numbers}: the refit has forgotten what split train taught; {_REMEDY}"
    elif verdict is Verdict.UNDECIDED and comparison.describe_doubt() == NEEDED_USERS:
        reason = f"{numbers}: {NEEDED_USERS}"
    return GateResult(
        name,
        verdict is not Verdict.WORSE,
        comparison.difference,
        -tolerance,
        reason,
        verdict,
    )
