"""Which search a catalogue gets."""

import pytest

from components.indexer.plan import SearchKind, make_plan, variants
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


def test_more_leaves_than_items_are_refused() -> None:
    with pytest.raises(InputError, match=r"index\.num_leaves is 201, but .* 200 items"):
        make_plan(200, IndexSettings(num_leaves=201))


def test_a_tree_has_about_the_square_root_of_leaves_and_is_widened_up_to_all() -> None:
    plan = make_plan(1_000_000, IndexSettings())
    assert plan.num_leaves == 1000
    searched = [variant.leaves_to_search for variant in variants(plan, IndexSettings())]
    assert min(searched) == 0.02 * 1000
    assert max(searched) == 1000


def test_leaves_to_search_that_are_given_are_kept() -> None:
    settings = IndexSettings(num_leaves=50, num_leaves_to_search=7)
    plans = variants(make_plan(1000, settings), settings)
    assert {plan.leaves_to_search for plan in plans} == {7}


@pytest.mark.parametrize(
    ("num_items", "settings", "cure"),
    [
        (200, {}, "fewer than 5000 items.*: set index.num_leaves too"),
        (5_000, {}, "fewer than 50000 items.*: set index.num_leaves too"),
        (99, {}, "ScaNN cannot train on 99 items.*: leave it out"),
        (50_000, {"kind": "exact"}, "index.kind is exact.*: leave it out"),
    ],
)
def test_leaves_to_search_without_a_tree_are_refused(
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
