"""Names of the protocols, metrics, baselines and slices that settings and gates refer to."""

from collections.abc import Iterable

PROTOCOLS = SUCCESSIVE, WINDOW, FIRST, LAST, ALL_FUTURE = (
    "successive",
    "window",
    "first",
    "last",
    "all_future",
)

LIST_LENGTH = 10
NDCG_CUTOFFS = (10, 100)
# The dimensions of the slices that every log has, if it has event types.
SLICES = USER_ACTIVITY, PAST_EVENTS, ITEM_POPULARITY, DAYS_SINCE_SPLIT, MODEL_AGE, EVENT_TYPE = (
    "user_activity",
    "past_events",
    "item_popularity",
    "days_since_split",
    "model_age",
    "event_type",
)
BASELINES = ("popularity", "recent_popularity", "item_knn", "last_item", "markov", "ease")

COVERAGE = f"coverage@{LIST_LENGTH}"
GINI = f"gini@{LIST_LENGTH}"
POPULARITY_PERCENTILE = f"popularity_percentile@{LIST_LENGTH}"
DIVERSITY = f"intra_list_diversity@{LIST_LENGTH}"
# The share of recommended items that the protocol SUCCESSIVE excludes.
REPEATS = f"repeats@{LIST_LENGTH}"

LATER_NEGATIVES_CUTOFFS = (LIST_LENGTH, 100)


def later_negatives_name(k: int) -> str:
    """The metric of recommended items that get negative feedback later; lower is better."""
    return f"later_negatives@{k}"


def accuracy_names(cutoffs: Iterable[int]) -> tuple[str, ...]:
    """Names of the accuracy metrics, in which higher is better; recall@10 is always included.

    Only these have a value per user, whose difference between two methods has an interval, so that
    gates read them.
    """
    return (
        *(f"recall@{k}" for k in sorted({*cutoffs, LIST_LENGTH})),
        f"hit_rate@{LIST_LENGTH}",
        *(f"ndcg@{k}" for k in NDCG_CUTOFFS),
        "mrr",
        f"map@{LIST_LENGTH}",
    )
