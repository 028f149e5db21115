"""The catalogue, the neighbours and the settings of the demo world."""

import numpy as np
import pytest

from pipeline.demo.catalogue import build_catalogue
from pipeline.demo.settings import END_MS, DemoSettings
from pipeline.demo.words import GENRE_NOUNS
from pipeline.demo.world import DemoWorld


def test_titles_are_unique_and_name_their_genre(small_world: DemoWorld) -> None:
    items = small_world.items
    assert len(set(items.title)) == len(items.title) == 600
    for i, title in enumerate(items.title):
        noun = title.split(",")[0].split()[-1]
        assert noun in GENRE_NOUNS[items.categories(i)[0]]


def test_next_part_follows_in_title_and_in_time(small_world: DemoWorld) -> None:
    items = small_world.items
    pairs = [(i, int(n)) for i, n in enumerate(items.next_part) if n >= 0]
    assert len(pairs) > 100
    for book, following in pairs:
        name, part = items.title[book].split(", Part ")
        assert items.title[following] == f"{name}, Part {int(part) + 1}"
        assert items.added_at_ms[book] < items.added_at_ms[following]


def test_books_are_added_before_and_during_the_log_but_not_after(small_world: DemoWorld) -> None:
    added = small_world.items.added_at_ms
    assert added.max() < END_MS
    assert 0.05 < (added > small_world.settings.start_ms).mean() < 0.5


def test_neighbours_are_other_works(small_world: DemoWorld) -> None:
    work = small_world.items.work
    assert (work[small_world.neighbour] != work[:, None]).all()


def test_popularity_drifts_but_not_from_one_day_to_the_next(small_world: DemoWorld) -> None:
    log_popularity = np.log(small_world.items.popularity)
    assert np.abs(np.diff(log_popularity, axis=0)).max() < np.log(1.1)
    changed = np.abs(log_popularity[-1] - log_popularity[0]) > np.log(1.3)
    assert changed.mean() > 0.3


def test_streams_do_not_depend_on_each_other() -> None:
    few, many = DemoSettings(num_users=10), DemoSettings(num_users=20)
    assert build_catalogue(few).title == build_catalogue(many).title


@pytest.mark.parametrize("sizes", [{"num_items": 10}, {"num_users": 1}, {"num_days": 1}])
def test_too_small_sizes_are_rejected(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(sizes))):
        DemoSettings(**sizes)


def test_more_works_than_titles_are_rejected() -> None:
    with pytest.raises(ValueError, match="decrease num_items"):
        build_catalogue(DemoSettings(num_items=50_000))
