"""The events that baselines count: first interactions, with runs of one item merged."""

from components.evaluator.baselines.counted_events import counted_events
from components.evaluator.columns import EventColumns
from tests.components.evaluator.logs import event_columns

NO_EVENTS = event_columns([])


def splits(train: EventColumns, past: EventColumns = NO_EVENTS) -> dict[str, EventColumns]:
    return {"train": train, "eval": NO_EVENTS, "test": NO_EVENTS, "past": past}


# Item 0 is viewed, liked and bought, item 1 is viewed, item 0 is viewed again, item 2 is viewed.
RUNS = [(0, 1, 1), (0, 2, 1), (0, 2, 1), (1, 3, 1), (0, 4, 1), (2, 5, 1)]


def test_repeats_are_no_targets_and_runs_are_one_event() -> None:
    counted = counted_events(splits(event_columns([(0, RUNS), (1, RUNS[:2])])), exclude_seen=True)

    assert counted.item.tolist() == [0, 1, 0, 2, 0]
    assert counted.is_target.tolist() == [True, True, False, True, True]
    assert counted.user.tolist() == [0, 0, 0, 0, 1]
    assert counted.offsets.tolist() == [0, 4, 5]


def test_with_repeats_allowed_every_event_counts() -> None:
    train = event_columns([(0, RUNS)])

    assert counted_events(splits(train), exclude_seen=False) is train


def test_an_earlier_event_in_any_split_makes_a_repeat_but_a_later_one_does_not() -> None:
    train = event_columns([(0, [(3, 10, 1), (4, 11, 1)])])
    past = event_columns([(0, [(3, 5, 0), (4, 12, 0)]), (1, [(4, 1, 0)])])

    counted = counted_events(splits(train, past), exclude_seen=True)

    assert counted.is_target.tolist() == [False, True]


def test_an_event_is_counted_once_however_many_windows_contain_it() -> None:
    train = event_columns([(0, [(3, 1, 1), (4, 2, 1)]), (0, [(3, 1, 0), (4, 2, 0), (5, 3, 1)])])

    counted = counted_events(splits(train), exclude_seen=True)

    assert counted.item[counted.is_target].tolist() == [3, 4, 5]


def test_negative_feedback_does_not_separate_a_run() -> None:
    window = [(0, 1, 1), (5, 2, -1), (0, 3, 1), (5, 4, 1), (2, 5, 1)]
    train = event_columns([(0, window)], has_negatives=True)

    counted = counted_events(splits(train), exclude_seen=True)
    all_events = counted_events(splits(train), exclude_seen=False)

    # The user had interacted with item 5, by negative feedback.
    assert counted.item.tolist() == [0, 5, 2]
    assert counted.is_target.tolist() == [True, False, True]
    assert counted.is_negative is None
    assert all_events.item.tolist() == [0, 0, 5, 2]
