"""The kind and parameters of the search for a catalogue of a given size.

The limits were measured on two cores with 64 dimensions and 300 neighbours: ScaNN's brute force is
the fastest below about 5,000 items (0.06 ms per query at 2,000), asymmetric hashing over all items
below about 50,000 (0.1 ms at 20,000), and partitioning above. ScaNN's own guide gives limits of
20,000 and 100,000:
https://github.com/google-research/google-research/blob/master/scann/docs/algorithms.md
"""

import math
from dataclasses import dataclass, replace
from enum import Enum

from components.indexer.search.leaves import leaf_size
from schemas.errors import InputError
from schemas.serving_settings import IndexSettings

MIN_SCANN_ITEMS = 100
MIN_HASH_ITEMS = 5_000
MIN_TREE_ITEMS = 50_000
# Exact search of fewer items takes a fraction of a millisecond.
MIN_INVERTED_FILE_ITEMS = 20_000
_ANISOTROPIC_LEAVES = 2.0


class SearchKind(str, Enum):
    """The search algorithm."""

    EXACT = "exact"
    SCANN_BRUTE_FORCE = "scann_brute_force"
    SCANN_HASH = "scann_hash"
    SCANN_TREE_HASH = "scann_tree_hash"
    INVERTED_FILE = "inverted_file"


@dataclass(frozen=True)
class SearchPlan:
    """One configuration of the search: parameters of the index and of its queries.

    Attributes:
      kind: The search algorithm.
      reason: Why this algorithm was chosen, in a sentence.
      num_leaves: Number of partitions of the tree or of the inverted file; 0 without either.
      leaves_to_search: Number of partitions that a query visits.
      reorder_factor: Number of items that are scored again exactly, per item fetched.
      anisotropic_threshold: Threshold of anisotropic quantisation (Guo et al., "Accelerating
        Large-Scale Inference with Anisotropic Vector Quantization", ICML 2020); None for plain
        product quantisation.
      dims_per_block: Dimensions per code of the product quantiser.
      anisotropic_leaves: Anisotropy of the centres of the tree (`avq` of ScaNN's builder); None for
        plain k-means.
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
        """Whether the search uses the ScaNN op."""
        return self.kind not in (SearchKind.EXACT, SearchKind.INVERTED_FILE)

    @property
    def method(self) -> str:
        """The name of the approximate search in messages."""
        return "ScaNN" if self.is_scann else "inverted-file search"


def initial_plan(num_items: int, settings: IndexSettings) -> SearchPlan:
    """Returns the plan with which tuning starts.

    Raises:
      InputError: `index.num_leaves` exceeds the number of items, or
        `index.num_leaves_to_search` is set for a search without a tree.
    """
    if settings.num_leaves is not None and settings.num_leaves > num_items:
        raise InputError(
            f"index.num_leaves is {settings.num_leaves}, but the catalogue has {num_items} items: "
            "remove it, or set it to about the square root of the number of items"
        )
    plan = _plan_for_size(num_items, settings)
    # If num_leaves is set as well, a tree was requested; the plan's reason explains its absence.
    if not plan.num_leaves and settings.num_leaves is None and settings.num_leaves_to_search:
        remedy = "remove it" if plan.kind is SearchKind.EXACT else "set index.num_leaves too"
        raise InputError(
            f"index.num_leaves_to_search is {settings.num_leaves_to_search}, but the search of "
            f"this catalogue uses no tree ({plan.reason}): {remedy}"
        )
    return plan


def _plan_for_size(num_items: int, settings: IndexSettings) -> SearchPlan:
    if settings.kind == "exact":
        return SearchPlan(SearchKind.EXACT, "index.kind is exact")
    if num_items < MIN_SCANN_ITEMS:
        return SearchPlan(
            SearchKind.EXACT,
            f"ScaNN cannot train on {num_items} items (fewer than {MIN_SCANN_ITEMS}): "
            "exact search is used",
        )
    if settings.num_leaves is not None or num_items >= MIN_TREE_ITEMS:
        return _tree_plan(num_items, settings)
    if num_items < MIN_HASH_ITEMS:
        reason = f"fewer than {MIN_HASH_ITEMS} items: ScaNN scores all items"
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


def twin_plan(num_items: int, settings: IndexSettings) -> SearchPlan:
    """Returns the plan with which tuning of the twin starts, which cannot use ScaNN."""
    if settings.kind == "exact":
        return SearchPlan(SearchKind.EXACT, "index.kind is exact")
    if num_items < MIN_INVERTED_FILE_ITEMS:
        return SearchPlan(SearchKind.EXACT, f"fewer than {MIN_INVERTED_FILE_ITEMS} items")
    size = leaf_size(num_items)
    return SearchPlan(
        SearchKind.INVERTED_FILE, f"leaves of {size} items", num_leaves=num_items // size
    )


def alternative_plans(
    plan: SearchPlan, settings: IndexSettings, num_items: int
) -> list[SearchPlan]:
    """Returns plans that differ from `plan` in one parameter that requires a new index.

    The plans are ordered by the gain observed in experiments, largest first. Parameters that are
    set in the configuration do not vary.
    """
    if plan.kind is SearchKind.SCANN_HASH and num_items >= MIN_HASH_ITEMS:
        return [_tree_plan(num_items, settings)]
    if plan.kind is not SearchKind.SCANN_TREE_HASH:
        return []
    others = [replace(plan, anisotropic_leaves=_ANISOTROPIC_LEAVES)]
    if settings.num_leaves is None:
        double, half = 2 * plan.num_leaves, plan.num_leaves // 2
        others += [_with_leaves(plan, count) for count in (double, half) if 1 < count < num_items]
    return [*others, replace(plan, anisotropic_threshold=None), replace(plan, dims_per_block=1)]


def _with_leaves(plan: SearchPlan, num_leaves: int) -> SearchPlan:
    leaves_to_search = min(plan.leaves_to_search, num_leaves)
    return replace(plan, num_leaves=num_leaves, leaves_to_search=leaves_to_search)
