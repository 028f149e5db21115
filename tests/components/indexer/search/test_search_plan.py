"""The search plan of a catalogue."""

from dataclasses import fields
from typing import Any

import pytest

from components.indexer.search.search_plan import SearchKind, alternative_plans, initial_plan
from schemas.errors import InputError
from schemas.serving_settings import IndexSettings


@pytest.mark.parametrize(
    ("num_items", "settings", "kind"),
    [
        (1, {}, SearchKind.EXACT),
        (99, {}, SearchKind.EXACT),
        (100, {}, SearchKind.SCANN_BRUTE_FORCE),
        (4_999, {}, SearchKind.SCANN_BRUTE_FORCE),
        (5_000, {}, SearchKind.SCANN_HASH),
        (50_000, {}, SearchKind.SCANN_TREE_HASH),
        (200, {"num_leaves": 10}, SearchKind.SCANN_TREE_HASH),
        (50_000, {"kind": "exact"}, SearchKind.EXACT),
        (200, {"kind": "auto"}, SearchKind.SCANN_BRUTE_FORCE),
    ],
)
def test_kind_follows_from_size_and_settings(
    num_items: int, settings: dict[str, Any], kind: SearchKind
) -> None:
    assert initial_plan(num_items, IndexSettings(**settings)).kind is kind


def test_exact_search_of_small_catalogue_has_a_reason() -> None:
    assert "ScaNN cannot train on 99 items" in initial_plan(99, IndexSettings()).reason


def test_more_leaves_than_items_are_rejected() -> None:
    with pytest.raises(InputError, match=r"index\.num_leaves is 201, but .* 200 items"):
        initial_plan(200, IndexSettings(num_leaves=201))


def test_number_of_leaves_is_about_the_square_root_of_items() -> None:
    plan = initial_plan(1_000_000, IndexSettings())
    assert (plan.num_leaves, plan.leaves_to_search) == (1000, 1000)


def test_alternative_plans_differ_in_one_parameter_and_keep_settings() -> None:
    plan = initial_plan(1_000_000, IndexSettings())
    others = alternative_plans(plan, IndexSettings(), 1_000_000)
    for other in others:
        changed = [f.name for f in fields(plan) if getattr(plan, f.name) != getattr(other, f.name)]
        assert len(changed) == (2 if "leaves_to_search" in changed else 1), changed
    fixed = IndexSettings(num_leaves=1000)
    assert {other.num_leaves for other in alternative_plans(plan, fixed, 1_000_000)} == {1000}
    assert {other.num_leaves for other in others} == {500, 1000, 2000}


def test_tree_is_an_alternative_to_hashing() -> None:
    plan = initial_plan(20_000, IndexSettings())
    assert plan.kind is SearchKind.SCANN_HASH
    kinds = [other.kind for other in alternative_plans(plan, IndexSettings(), 20_000)]
    assert kinds == [SearchKind.SCANN_TREE_HASH]


@pytest.mark.parametrize(
    ("num_items", "settings", "remedy"),
    [
        (200, {}, "fewer than 5000 items.*: set index.num_leaves too"),
        (5_000, {}, "fewer than 50000 items.*: set index.num_leaves too"),
        (99, {}, "ScaNN cannot train on 99 items.*: remove it"),
        (50_000, {"kind": "exact"}, "index.kind is exact.*: remove it"),
    ],
)
def test_leaves_to_search_without_a_tree_are_rejected(
    num_items: int, settings: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(InputError, match=f"index.num_leaves_to_search is 7, .*{remedy}"):
        initial_plan(num_items, IndexSettings(num_leaves_to_search=7, **settings))


@pytest.mark.parametrize(
    ("num_items", "settings", "kind"),
    [
        (200, {"num_leaves": 10}, SearchKind.SCANN_TREE_HASH),
        (50_000, {}, SearchKind.SCANN_TREE_HASH),
        # a tree was requested; the reason of the plan explains its absence
        (99, {"num_leaves": 10}, SearchKind.EXACT),
        (200, {"num_leaves": 10, "kind": "exact"}, SearchKind.EXACT),
    ],
)
def test_leaves_to_search_with_a_tree_are_accepted(
    num_items: int, settings: dict[str, Any], kind: SearchKind
) -> None:
    assert initial_plan(num_items, IndexSettings(num_leaves_to_search=7, **settings)).kind is kind
