"""Which search a catalogue gets."""

from dataclasses import fields

import pytest

from components.indexer.search.plan import SearchKind, make_plan, other_builds
from schemas.errors import InputError
from schemas.model_settings import IndexSettings


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
    num_items: int, settings: dict, kind: SearchKind
) -> None:
    assert make_plan(num_items, IndexSettings(**settings)).kind is kind


def test_exact_search_says_why_it_takes_over() -> None:
    assert "ScaNN cannot train on 99 items" in make_plan(99, IndexSettings()).reason


def test_more_leaves_than_items_are_rejected() -> None:
    with pytest.raises(InputError, match=r"index\.num_leaves is 201, but .* 200 items"):
        make_plan(200, IndexSettings(num_leaves=201))


def test_a_tree_has_about_the_square_root_of_leaves() -> None:
    plan = make_plan(1_000_000, IndexSettings())
    assert (plan.num_leaves, plan.leaves_to_search) == (1000, 1000)


def test_other_builds_differ_in_one_thing_and_keep_what_is_set() -> None:
    plan = make_plan(1_000_000, IndexSettings())
    others = other_builds(plan, IndexSettings(), 1_000_000)
    for other in others:
        changed = [f.name for f in fields(plan) if getattr(plan, f.name) != getattr(other, f.name)]
        assert len(changed) == (2 if "leaves_to_search" in changed else 1), changed
    fixed = IndexSettings(num_leaves=1000)
    assert {other.num_leaves for other in other_builds(plan, fixed, 1_000_000)} == {1000}
    assert {other.num_leaves for other in others} == {500, 1000, 2000}


def test_a_tree_is_tried_beside_hashing_alone() -> None:
    plan = make_plan(20_000, IndexSettings())
    assert plan.kind is SearchKind.SCANN_HASH
    kinds = [other.kind for other in other_builds(plan, IndexSettings(), 20_000)]
    assert kinds == [SearchKind.SCANN_TREE_HASH]


@pytest.mark.parametrize(
    ("num_items", "settings", "cure"),
    [
        (200, {}, "fewer than 5000 items.*: set index.num_leaves too"),
        (5_000, {}, "fewer than 50000 items.*: set index.num_leaves too"),
        (99, {}, "ScaNN cannot train on 99 items.*: leave it out"),
        (50_000, {"kind": "exact"}, "index.kind is exact.*: leave it out"),
    ],
)
def test_leaves_to_search_without_a_tree_are_rejected(
    num_items: int, settings: dict, cure: str
) -> None:
    with pytest.raises(InputError, match=f"index.num_leaves_to_search is 7, .*{cure}"):
        make_plan(num_items, IndexSettings(num_leaves_to_search=7, **settings))


@pytest.mark.parametrize(
    ("num_items", "settings", "kind"),
    [
        (200, {"num_leaves": 10}, SearchKind.SCANN_TREE_HASH),
        (50_000, {}, SearchKind.SCANN_TREE_HASH),
        # a tree was asked for, and the reason of the plan says what came between
        (99, {"num_leaves": 10}, SearchKind.EXACT),
        (200, {"num_leaves": 10, "kind": "exact"}, SearchKind.EXACT),
    ],
)
def test_leaves_to_search_beside_a_tree_are_taken(
    num_items: int, settings: dict, kind: SearchKind
) -> None:
    assert make_plan(num_items, IndexSettings(num_leaves_to_search=7, **settings)).kind is kind
