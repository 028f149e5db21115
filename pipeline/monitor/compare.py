"""Compares the measures of traffic with those of the held-out requests of the same version."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from components.served_lists import HISTORY_RANGES, ItemCounts, ListMeasures, Share
from pipeline.monitor.distance import (
    LARGE,
    MODERATE,
    chance_limit,
    expected_items,
    stability_index,
)

# A relative difference of coverage that is a change, and the number of lists below which none is
# stated.
COVERAGE_CHANGE = 0.2
MIN_LISTS = 100

PSI = "PSI"
RELATIVE = "relative difference"


@dataclass(frozen=True)
class Comparison:
    """One measure of served lists, and the same measure of the evaluation.

    Attributes:
      measure: The name of the measure.
      is_share: Whether its values are shares, 0 to 1.
      served: Its value in the traffic; None if it has none.
      evaluated: Its value with held-out requests; None if it has none.
      distance: How far the distributions, or the values, are apart; None if that is not known.
      distance_name: PSI or RELATIVE.
      limit: Distances up to this one are no change.
      verdict: The conclusion.
    """

    measure: str
    is_share: bool
    served: float | None
    evaluated: float | None
    distance: float | None
    distance_name: str
    limit: float | None
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Returns the attributes as JSON values."""
        return asdict(self)


def compare(
    served: ListMeasures, evaluated: ListMeasures | None, num_items: int
) -> list[Comparison]:
    """Compares the traffic of a version with its evaluation.

    Args:
      served: The measures of the traffic.
      evaluated: Those of held-out requests; None if there are none, so that nothing is compared.
      num_items: The number of items of the version; 0 if it is not known.
    """
    users = (served.num_users, evaluated.num_users if evaluated else 0)
    return [
        *_histories(served, evaluated, users),
        _share(
            "unknown users",
            served.unknown_users,
            evaluated.unknown_users if evaluated else None,
            users,
        ),
        _share(
            "unknown items in histories",
            served.unknown_items,
            evaluated.unknown_items if evaluated else None,
            users,
        ),
        _share(
            "lists that are short",
            served.short_lists,
            evaluated.short_lists if evaluated else None,
            users,
        ),
        *_scores(served, evaluated, users),
        *_coverage(served, evaluated, num_items),
    ]


def _histories(
    served: ListMeasures, evaluated: ListMeasures | None, users: tuple[int, int]
) -> Iterator[Comparison]:
    yield _distributions(
        "history length, mean",
        served.mean_history,
        evaluated.mean_history if evaluated else None,
        [served.histories[label] for label in HISTORY_RANGES],
        [evaluated.histories[label] for label in HISTORY_RANGES] if evaluated else None,
        users,
    )
    empty = None
    if evaluated is not None:
        empty = Share(evaluated.histories["0"], evaluated.num_requests)
    yield _share("empty histories", Share(served.histories["0"], served.num_requests), empty, users)


def _scores(
    served: ListMeasures, evaluated: ListMeasures | None, users: tuple[int, int]
) -> Iterator[Comparison]:
    ranks = [rank for rank, scores in served.scores.items() if scores.median is not None]
    # The first rank, and the last one that at least half of the lists could have.
    common = [rank for rank in ranks if 2 * served.items[rank].num_lists >= served.num_requests]
    for rank in dict.fromkeys([*ranks[:1], *common[-1:]]):
        counts = evaluated.scores.get(rank) if evaluated else None
        yield _distributions(
            f"score at rank {rank}, median",
            served.scores[rank].median,
            counts.median if counts else None,
            served.scores[rank].counts,
            counts.counts if counts else None,
            users,
        )


def _coverage(
    served: ListMeasures, evaluated: ListMeasures | None, num_items: int
) -> Iterator[Comparison]:
    """Yields the coverage at the largest cutoff that at least half of the lists could have."""
    common = [
        cutoff
        for cutoff, counts in served.items.items()
        if 2 * counts.num_lists >= served.num_requests
        and (evaluated is None or cutoff in evaluated.items)
    ]
    if not common or not num_items:
        return
    cutoff = common[-1]
    counts = served.items[cutoff]
    other = evaluated.items[cutoff] if evaluated else None
    size = min(counts.num_lists, other.num_lists) if other else counts.num_lists
    name = f"coverage@{cutoff} of {size:,} lists"
    value = _covered(counts, size, num_items)
    if other is None:
        yield Comparison(name, True, value, None, None, RELATIVE, None, "")
        return
    reference = _covered(other, size, num_items)
    change = abs(value - reference) / reference if reference else 0.0
    verdict = "as evaluated" if change <= COVERAGE_CHANGE else _than(value, reference)
    if size < MIN_LISTS:
        verdict = f"fewer than {MIN_LISTS} lists"
    yield Comparison(name, True, value, reference, change, RELATIVE, COVERAGE_CHANGE, verdict)


def _covered(counts: ItemCounts, size: int, num_items: int) -> float:
    return expected_items(counts.items, counts.num_lists, size) / num_items


def _share(
    measure: str, served: Share | None, evaluated: Share | None, users: tuple[int, int]
) -> Comparison:
    return _distributions(
        measure,
        served.value if served else None,
        evaluated.value if evaluated else None,
        _two_bins(served) if served else (),
        _two_bins(evaluated) if evaluated else None,
        users,
        is_share=True,
    )


def _two_bins(share: Share) -> tuple[int, int]:
    return share.count, share.total - share.count


def _distributions(
    measure: str,
    served: float | None,
    evaluated: float | None,
    served_counts: Sequence[int],
    evaluated_counts: Sequence[int] | None,
    users: tuple[int, int],
    is_share: bool = False,
) -> Comparison:
    """Compares two values by the distributions that they summarise."""
    if served is None or evaluated is None or evaluated_counts is None:
        return Comparison(measure, is_share, served, evaluated, None, PSI, None, "")
    distance = stability_index(served_counts, evaluated_counts)
    chance = chance_limit(max(2, len(evaluated_counts)), *users)
    limit = max(MODERATE, chance)
    if distance <= limit:
        within = "" if distance <= MODERATE else f" (within chance for {users[0]:,} users)"
        verdict = f"as evaluated{within}"
    else:
        size = "large" if distance > LARGE else "moderate"
        verdict = f"{size} change"
        if served != evaluated:
            verdict += f": {_than(served, evaluated)}"
    return Comparison(measure, is_share, served, evaluated, distance, PSI, limit, verdict)


def _than(served: float, evaluated: float) -> str:
    return f"{'higher' if served > evaluated else 'lower'} than evaluated"
