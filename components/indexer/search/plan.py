"""Which search serves a catalogue of a given size.

The sizes were measured on two cores with 64 dimensions and 300 neighbours: ScaNN's brute force is
the fastest below about 5,000 items (0.06 ms a query at 2,000), asymmetric hashing over all items
below about 50,000 (0.1 ms at 20,000), and a partitioning pays above. ScaNN's own guide puts the
lines at 20,000 and 100,000:
https://github.com/google-research/google-research/blob/master/scann/docs/algorithms.md
"""

import math
from dataclasses import dataclass, replace
from enum import Enum

from schemas.errors import InputError
from schemas.model_settings import IndexSettings

MIN_SCANN_ITEMS = 100
MIN_HASH_ITEMS = 5_000
MIN_TREE_ITEMS = 50_000
_ANISOTROPIC_LEAVES = 2.0


class SearchKind(str, Enum):
    """How the nearest items are found."""

    EXACT = "exact"
    SCANN_BRUTE_FORCE = "scann_brute_force"
    SCANN_HASH = "scann_hash"
    SCANN_TREE_HASH = "scann_tree_hash"


@dataclass(frozen=True)
class SearchPlan:
    """One configuration of the search: how the index is built, and how it is asked.

    Attributes:
      kind: What finds the nearest items.
      reason: Why this kind, in a sentence.
      num_leaves: Partitions of the tree; 0 without one.
      leaves_to_search: How many of them a query visits.
      reorder_factor: How many items are scored again exactly, per item fetched.
      anisotropic_threshold: Guo et al., "Accelerating Large-Scale Inference with Anisotropic
        Vector Quantization", ICML 2020; None for plain product quantisation.
      dims_per_block: Dimensions per code of the product quantiser.
      anisotropic_leaves: The same idea for the centres of the tree (`avq` of ScaNN's builder);
        None for plain k-means.
    """

    kind: SearchKind
    reason: str
    num_leaves: int = 0
    leaves_to_search: int = 0
    reorder_factor: float = 0.0
    anisotropic_threshold: float | None = 0.2
    dims_per_block: int = 2
    anisotropic_leaves: float | None = None

    @property
    def is_scann(self) -> bool:
        """Whether the search needs the ScaNN op."""
        return self.kind is not SearchKind.EXACT


def make_plan(num_items: int, settings: IndexSettings) -> SearchPlan:
    """The plan to start from; `tune` refines it.

    Raises:
      InputError: `index.num_leaves` exceeds the number of items, or
        `index.num_leaves_to_search` is set where there is no tree.
    """
    if settings.num_leaves is not None and settings.num_leaves > num_items:
        raise InputError(
            f"index.num_leaves is {settings.num_leaves}, but the catalogue has {num_items} items: "
            "leave it out, or set it to about the square root of the number of items"
        )
    plan = _plan_of_size(num_items, settings)
    # Where num_leaves is set as well, a tree was asked for, and the reason says why there is none.
    if not plan.num_leaves and settings.num_leaves is None and settings.num_leaves_to_search:
        cure = "leave it out" if plan.kind is SearchKind.EXACT else "set index.num_leaves too"
        raise InputError(
            f"index.num_leaves_to_search is {settings.num_leaves_to_search}, but the search of "
            f"this catalogue has no tree of leaves ({plan.reason}): {cure}"
        )
    return plan


def _plan_of_size(num_items: int, settings: IndexSettings) -> SearchPlan:
    if settings.kind == "exact":
        return SearchPlan(SearchKind.EXACT, "index.kind is exact")
    if num_items < MIN_SCANN_ITEMS:
        return SearchPlan(
            SearchKind.EXACT,
            f"ScaNN cannot train on {num_items} items (fewer than {MIN_SCANN_ITEMS}): "
            "exact search takes over",
        )
    if settings.num_leaves is not None or num_items >= MIN_TREE_ITEMS:
        return _tree_plan(num_items, settings)
    if num_items < MIN_HASH_ITEMS:
        reason = f"fewer than {MIN_HASH_ITEMS} items: ScaNN scores them all"
        return SearchPlan(SearchKind.SCANN_BRUTE_FORCE, reason)
    reason = f"fewer than {MIN_TREE_ITEMS} items: hashing without a tree"
    return SearchPlan(SearchKind.SCANN_HASH, reason, reorder_factor=2.0)


def _tree_plan(num_items: int, settings: IndexSettings) -> SearchPlan:
    num_leaves = settings.num_leaves or round(math.sqrt(num_items))
    return SearchPlan(
        SearchKind.SCANN_TREE_HASH,
        f"a tree over {num_items} items",
        num_leaves=num_leaves,
        leaves_to_search=min(settings.num_leaves_to_search or num_leaves, num_leaves),
        reorder_factor=2.0,
    )


def other_builds(plan: SearchPlan, settings: IndexSettings, num_items: int) -> list[SearchPlan]:
    """Indexes that differ from `plan` in one thing that only building again can change.

    In the order of what they were seen to bring. What the settings name is kept.
    """
    if plan.kind is SearchKind.SCANN_HASH and num_items >= MIN_HASH_ITEMS:
        return [_tree_plan(num_items, settings)]
    if plan.kind is not SearchKind.SCANN_TREE_HASH:
        return []
    others = [replace(plan, anisotropic_leaves=_ANISOTROPIC_LEAVES)]
    if settings.num_leaves is None:
        twice, half = 2 * plan.num_leaves, plan.num_leaves // 2
        others += [_with_leaves(plan, count) for count in (twice, half) if 1 < count < num_items]
    return [*others, replace(plan, anisotropic_threshold=None), replace(plan, dims_per_block=1)]


def _with_leaves(plan: SearchPlan, num_leaves: int) -> SearchPlan:
    leaves_to_search = min(plan.leaves_to_search, num_leaves)
    return replace(plan, num_leaves=num_leaves, leaves_to_search=leaves_to_search)
