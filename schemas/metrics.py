"""The names that gates refer to: the metrics of an evaluation, and its baselines."""

from collections.abc import Iterable

LIST_LENGTH = 10
NDCG_CUTOFFS = (10, 100)
BASELINES = ("popularity", "recent_popularity", "item_knn", "markov")


def metric_names(cutoffs: Iterable[int]) -> tuple[str, ...]:
    """Every metric of an evaluation at the given cutoffs of Recall@K; 10 is always among them."""
    return (
        *(f"recall@{k}" for k in sorted({*cutoffs, LIST_LENGTH})),
        f"hit_rate@{LIST_LENGTH}",
        *(f"ndcg@{k}" for k in NDCG_CUTOFFS),
        "mrr",
        f"map@{LIST_LENGTH}",
        f"popularity_percentile@{LIST_LENGTH}",
        f"coverage@{LIST_LENGTH}",
    )
