"""The numbers that the recipe looks at, on small logs with a known answer."""

from pathlib import Path

import numpy as np
import pytest

from components.trainer.data.read import read_data
from components.trainer.fit.facts import Facts, facts_of
from tests.components.trainer.worlds import PLAIN, Row, data_settings, item, make_world, window

NUM_ITEMS = 60
ITEMS = {"path": "items.csv", "format": "csv", "fields": {"item_id": "i"}}


def facts_of_rows(train: list[Row], evaluation: list[Row], folder: Path, **data: object) -> Facts:
    settings = data_settings(PLAIN, **data)
    items = [item(settings, f"i{number}") for number in range(NUM_ITEMS)]
    world = make_world(settings, train, evaluation, items, folder)
    return facts_of(read_data(world.inputs, settings), settings)


def walk(user: str, rng: np.random.Generator, step: int, **given: list[int]) -> Row:
    first = rng.integers(NUM_ITEMS)
    items = [f"i{(first + step * place) % NUM_ITEMS}" for place in range(5)]
    return window(data_settings(PLAIN), user, items, **given)


def test_counts_of_a_small_log(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    last = [0, 0, 0, 0, 1]

    facts = facts_of_rows(
        [walk(f"u{user}", rng, 1) for user in range(30)],
        [walk(f"u{user}", rng, 1, is_target=last) for user in range(15)]
        + [walk(f"new{user}", rng, 1, is_target=last) for user in range(5)],
        tmp_path,
    )

    assert (facts.num_items, facts.num_targets, facts.max_history) == (NUM_ITEMS, 150, 8)
    assert facts.median_history == 2.0
    assert facts.returning_share == 15 / 20


def test_new_items_are_those_of_no_target(tmp_path: Path) -> None:
    settings = data_settings(PLAIN)
    train = window(settings, "u", ["i0", "i1", "i2"], is_target=[0, 1, 1])
    evaluation = window(settings, "e", ["i1", "i0", "i2", "i9"])
    priced = {**ITEMS, "features": {"price": {"kind": "number"}}}

    for items, expected in ((priced, 2 / 4), (ITEMS, None)):
        folder = tmp_path / str(expected)
        found = facts_of_rows([train], [evaluation], folder, items=items)
        assert found.new_item_share == expected


@pytest.mark.parametrize(("signs", "tells"), [([1], True), ([-1, 1], False)])
def test_order_tells_where_walks_go_one_way(tmp_path: Path, signs: list[int], tells: bool) -> None:
    rng = np.random.default_rng(2)

    def rows(prefix: str, count: int) -> list[Row]:
        walks = []
        for n in range(count):
            steps = rng.integers(1, 6, size=5) * signs[n % len(signs)]
            places = (rng.integers(NUM_ITEMS) + np.cumsum(steps)) % NUM_ITEMS
            walks.append(window(data_settings(PLAIN), f"{prefix}{n}", [f"i{p}" for p in places]))
        return walks

    gain = facts_of_rows(rows("u", 600), rows("e", 200), tmp_path).order_gain

    assert gain is not None
    # one way: what came before takes half of the ten places, and is never asked for
    assert gain > 1.3 if tells else gain < 1.1


def test_popularity_gain_is_that_of_the_last_quarter(tmp_path: Path) -> None:
    def rows(prefix: str, numbers: list[int], start_s: int) -> list[Row]:
        return [
            window(data_settings(PLAIN), f"{prefix}{n}", [f"i{n}"], timestamp=[start_s + place])
            for place, n in enumerate(numbers)
        ]

    before, of_late = rows("u", [0] * 750, 0), rows("v", [1] * 250, 10_000)
    after = rows("e", [1] * 10, 20_000)

    gain = facts_of_rows([*before, *of_late], after, tmp_path).popularity_gain

    # smoothed as popularity.py does: all by an even share, the quarter by all
    share_of_all = (250 + 100 / NUM_ITEMS) / (1000 + 100)
    share_of_quarter = (250 + 100 * share_of_all) / (250 + 100)
    assert gain == pytest.approx(np.log(share_of_quarter / share_of_all), rel=1e-3)


def test_what_cannot_be_known_is_none(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    train = [walk(f"u{user}", rng, 1) for user in range(5)]

    nothing = facts_of_rows(train, [], tmp_path / "nothing")
    untimed = facts_of_rows(train, train, tmp_path / "loo", split={"policy": "leave_one_out"})

    assert (nothing.returning_share, nothing.order_gain, nothing.popularity_gain) == (None,) * 3
    assert untimed.popularity_gain is None
    assert untimed.returning_share == 1.0


def test_histories_of_one_event_have_no_order(tmp_path: Path) -> None:
    rows = [window(data_settings(PLAIN), f"u{n}", [f"i{n}"]) for n in range(5)]

    assert facts_of_rows(rows, rows, tmp_path).order_gain is None
