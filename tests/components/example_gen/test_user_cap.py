"""The largest number of events of a user: a split does not depend on later splits."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.evaluator.columns import index_events
from components.evaluator.protocol import successive_protocol
from components.example_gen.rejected_events import to_rejects
from components.example_gen.split import Cuts
from components.example_gen.user_cap import cap_user_events, newest_of_items
from components.examples.read import read_raw_catalogue, read_raw_windows
from schemas.features import PAST_SPLIT, STORED_SPLITS, feature_table
from schemas.settings import DataSettings
from tests.components.example_gen.logs import Ingested, event, run, settings
from tests.components.example_gen.tables import at_times, lines_of, sorted_events

# Times of up to 99 s are train, and of 200 s and later are test.
SPLIT = {"eval_start": "1970-01-01T00:01:40", "test_start": "1970-01-01T00:03:20"}
OTHERS = [event("other", f"o{n}", 50 + 100 * n) for n in range(3)]


def ingested(folder: Path, log: list[str], cap: int, **more: Any) -> tuple[DataSettings, Ingested]:
    folder.mkdir()
    changes = {"keep": {"max_user_events": cap}, "split": SPLIT, **more}
    data = settings(folder, [*log, *OTHERS], **changes)
    return data, run(data, folder)


def events_of(*times: int) -> list[str]:
    return [event("ann", f"i{time}", time) for time in times]


def of_ann(out: Ingested, split: str) -> list[tuple[list[int], list[bool]]]:
    return [(times, flags) for user, _, times, flags in out.windows[split] if user == "ann"]


def test_later_events_do_not_displace_train_and_eval(tmp_path: Path) -> None:
    early = events_of(10, 20, 30, 40, 110, 120)
    _, without = ingested(tmp_path / "without", early, cap=3)
    _, with_later = ingested(
        tmp_path / "with", [*early, *events_of(130, 140, 150, 210, 220, 230, 240)], cap=3
    )
    assert of_ann(without, "train") == [([20, 30, 40], [True] * 3)]
    assert of_ann(with_later, "train") == of_ann(without, "train")
    targets = {
        name: {
            (time, tuple(times[max(0, at - 3) : at]))
            for times, flags in of_ann(out, "eval")
            for at, time in enumerate(times)
            if flags[at]
        }
        for name, out in (("without", without), ("with", with_later))
    }
    assert targets["without"] == {(110, (20, 30, 40)), (120, (30, 40, 110))}
    assert targets["with"] == {*targets["without"], (130, (40, 110, 120))}


def test_a_test_target_has_the_events_just_before_it(tmp_path: Path) -> None:
    _, out = ingested(tmp_path / "log", events_of(10, 110, 120, 130, 140, 150, 210, 220, 230), 2)
    # 110 and 120 are the eval targets, 140 and 150 only history; 130 and 230 are rejected.
    assert of_ann(out, "eval") == [([10, 110, 120], [False, True, True])]
    assert of_ann(out, "test") == [
        ([140, 150, 210], [False, False, True]),
        ([150, 210, 220], [False, False, True]),
    ]
    details = {reject["line"]: reject["detail"] for reject in out.rejects}
    assert details == {
        4: "later than the first 2 events of this user in split eval",
        9: "later than the first 2 events of this user in split test",
    }
    assert out.report.kept == 7 + len(OTHERS)


def test_items_of_events_over_the_cap_are_remembered_as_seen(tmp_path: Path) -> None:
    log = [event("ann", item, time) for item, time in (("a", 10), ("a", 20), ("b", 30), ("c", 40))]
    log += [event("ann", "a", 210), event("ann", "d", 220)]
    data, out = ingested(tmp_path / "log", log, cap=1)
    assert of_ann(out, "train") == [([40], [True])]
    table = feature_table(data)
    uri = str(tmp_path / "log" / "windows")
    past = read_raw_windows(uri, PAST_SPLIT, table)
    # Of the two train events on a, the newest; of the other items, the only one.
    assert sorted(zip(past.item_id, past.timestamp, strict=True)) == [
        (b"a", 20), (b"b", 30), (b"d", 220),
    ]  # fmt: skip
    assert not past.is_target.any()
    windows = {split: read_raw_windows(uri, split, table) for split in STORED_SPLITS}
    catalogue = read_raw_catalogue(str(tmp_path / "log" / "catalogue"), table)
    events = index_events(windows, catalogue.item_id)
    # ann's test target is a, which she had seen before the events that the cap keeps.
    queries = successive_protocol(events, True, 100, 1).queries
    assert [catalogue.item_id[item] for item in queries.item] == [b"o2"]


def test_events_over_the_cap_do_not_count_as_train_events(tmp_path: Path) -> None:
    log = [event("ann", item, 10 * n) for n, item in enumerate("xxyy", start=1)]
    log += [event("bob", item, 10 * n) for n, item in enumerate("xy", start=1)]
    log += [event("eve", "y", time) for time in (60, 150, 250)]
    keep = {"max_user_events": 2, "min_item_events": 2}
    _, out = ingested(tmp_path / "log", log, cap=2, keep=keep)
    reasons = {reject["line"]: reject["reason"] for reject in out.rejects}
    # Of the three train events on x, two are over the cap of ann.
    assert {line: reason for line, reason in reasons.items() if line <= len(log)} == {
        1: "over_user_cap", 2: "over_user_cap", 5: "too_few_item_events",
    }  # fmt: skip


def test_boundaries_of_fractions_do_not_depend_on_the_cap(tmp_path: Path) -> None:
    log = events_of(*range(1, 100))
    fractions = {"split": {"eval_fraction": 0.1, "test_fraction": 0.1}}
    firsts = [
        [counts["first"] for counts in out.report.splits.values()]
        for cap in (5, 1_000)
        for _, out in [ingested(tmp_path / str(cap), log, cap, **fractions)]
    ]
    assert firsts[0][1:] == firsts[1][1:]


def test_leave_one_out_keeps_the_targets_of_eval_and_test(tmp_path: Path) -> None:
    policy = {"split": {"policy": "leave_one_out"}}
    _, out = ingested(tmp_path / "log", events_of(*range(1, 9)), 2, **policy)
    assert of_ann(out, "train") == [([5, 6], [True, True])]
    assert of_ann(out, "eval") == [([5, 6, 7], [False, False, True])]
    assert of_ann(out, "test") == [([6, 7, 8], [False, False, True])]


def kept_and_history(cap: int | None, cuts: tuple[int, int]) -> tuple[list[int], list[int]]:
    events = at_times(*range(8))
    user_cuts = Cuts(eval=np.array([cuts[0]]), test=np.array([cuts[1]]))
    capped = cap_user_events(events, user_cuts, cap)
    over = [] if capped.rejected is None else [capped.rejected]
    rejected = [reject.line for reject in to_rejects(events, over, ("log",))]
    kept = lines_of(events, capped.is_kept)
    assert sorted(rejected + kept) == list(range(8))
    return kept, lines_of(events, capped.is_history_only)


@pytest.mark.parametrize(
    ("cap", "cuts", "kept", "history_only"),
    [
        (None, (2, 4), range(8), []),
        (8, (2, 4), range(8), []),
        (2, (8, 8), [6, 7], []),
        (2, (0, 8), [0, 1, 6, 7], [6, 7]),
        (2, (0, 0), [0, 1], []),
        (3, (2, 7), [0, 1, 2, 3, 4, 5, 6, 7], [5, 6]),
    ],
)
def test_events_that_are_kept(
    cap: int | None, cuts: tuple[int, int], kept: Sequence[int], history_only: list[int]
) -> None:
    assert kept_and_history(cap, cuts) == (list(kept), history_only)


def test_newest_event_of_each_user_split_and_item() -> None:
    rows = [
        {"user_id": user, "item_id": item, "time_us": time}
        for time, (user, item) in enumerate(zip("uuuuvv", "aabaaa", strict=True))
    ]
    events = sorted_events(rows)
    cuts = Cuts(eval=np.array([3, 6]), test=np.array([4, 6]))
    every = np.ones(6, bool)
    assert lines_of(events, newest_of_items(events, cuts, every)) == [1, 2, 3, 5]
    every[1] = False
    assert lines_of(events, newest_of_items(events, cuts, every)) == [0, 2, 3, 5]
