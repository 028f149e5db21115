"""The queries of the held-out data of a run."""

from pathlib import Path

from components.evaluator.held_out import read_held_out_data
from tests.components.evaluator.logs import data_settings, write_catalogue, write_windows
from tests.components.evaluator.sequence_log import ITEMS, SETTINGS


def test_items_of_the_past_split_count_as_seen(tmp_path: Path) -> None:
    """An item that the user viewed long before the target's window is not a target again."""
    windows = {
        "train": [("u", [(ITEMS[0], 1, 1)]), ("v", [(ITEMS[5], 1, 1)])],
        "eval": [],
        "past": [("u", [(ITEMS[9], 2, 0), (ITEMS[3], 3, 0)])],
        "test": [("u", [(ITEMS[4], 8, 0), (ITEMS[9], 10, 1), (ITEMS[7], 11, 1)])],
    }

    held_out = read_held_out_data(
        write_windows(str(tmp_path / "windows"), windows),
        write_catalogue(str(tmp_path / "catalogue"), ITEMS),
        data_settings(),
        SETTINGS,
    )

    queries = held_out.headline.queries
    assert queries.item.tolist() == [7]
    assert held_out.headline.num_repeats_skipped == 1
    assert queries.num_past_events.tolist() == [1 + 2 + 2]
    assert set(queries.seen.pairs(slice(0, 1))[1].tolist()) == {0, 9, 3, 4}
