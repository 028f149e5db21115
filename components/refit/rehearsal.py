"""Measures on held-out time what a refit gains, before the refit learns that time.

The windows that a refit learns cannot judge it. The rehearsal continues the training of the proven
towers on split eval and the older half of split test. On the newer half, it compares these towers
with the proven ones, as they would be served without a refit.
"""

from dataclasses import dataclass
from typing import Any

from components.evaluator.paired_comparison import PairedComparison
from components.refit.continuation import continue_training
from components.refit.target_ranks import rank_targets
from components.refit.whole_log import WholeLog
from components.trainer.model.towers import RetrievalTowers
from components.trainer.state.training_state import TrainingState, recipe_of
from components.trainer.state.vocabularies import Vocabulary

METRICS = ("recall@10", "ndcg@10", "mrr")


@dataclass(frozen=True)
class Rehearsal:
    """The comparison of continued towers with proven ones on the newer half of split test.

    Attributes:
      comparisons: The comparison by metric.
      learned_until_s: The time of the last target that was learned, seconds since the epoch, UTC.
      num_targets: The number of targets that were ranked.
      num_learned_targets: The number of targets after split train that were learned.
    """

    comparisons: dict[str, PairedComparison]
    learned_until_s: int
    num_targets: int
    num_learned_targets: int

    def to_dict(self) -> dict[str, Any]:
        """Returns the rehearsal as JSON values, for `metrics.json`."""
        return {
            "learned_until_s": self.learned_until_s,
            "targets": self.num_targets,
            "learned_targets": self.num_learned_targets,
            "users": next(iter(self.comparisons.values())).num_users,
            "metrics": {
                name: {
                    "continued": comparison.value,
                    "proven": comparison.other,
                    "gain": comparison.difference,
                    "interval": [comparison.low, comparison.high],
                }
                for name, comparison in self.comparisons.items()
            },
        }


def rehearse(
    state: TrainingState,
    vocabularies: dict[str, Vocabulary],
    log: WholeLog,
    proven: RetrievalTowers,
) -> Rehearsal | None:
    """Returns the rehearsal; None if split test has no target in one of its halves.

    Args:
      state: The proven towers.
      vocabularies: The vocabularies of the tables, with the ids that are new in the log.
      log: The whole log.
      proven: The proven towers as they would be served without a refit.
    """
    if not log.test.num_targets:
        return None
    middle_s = log.middle_of_test_s()
    scored, learned = log.targets_after(middle_s), log.learned_until(middle_s)
    if not scored.num_targets or not learned.num_targets:
        return None
    continued = continue_training(state, vocabularies, log, learned)
    ranks, of_proven = rank_targets(continued.model.towers, scored), rank_targets(proven, scored)
    seed = recipe_of(state).train.seed
    comparisons = {metric: ranks.compared_with(of_proven, metric, seed) for metric in METRICS}
    return Rehearsal(comparisons, middle_s, scored.num_targets, learned.num_targets)
