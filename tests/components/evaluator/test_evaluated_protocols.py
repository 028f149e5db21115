"""The protocols of an evaluation: their queries, targets and excluded items."""

import numpy as np
import pytest

from components.current_model.state import CurrentModelState
from components.evaluator.evaluate import evaluate
from schemas.metrics import BASELINES
from tests.components.evaluator.logs import data_settings
from tests.components.evaluator.sequence_log import NUM_ITEMS, SETTINGS, run


def test_other_protocols_have_their_own_targets_baselines_and_intervals(
    log: dict[str, str],
) -> None:
    protocols = run(log, "successor")["protocols"]

    facts = {name: result["protocol"] for name, result in protocols.items()}
    assert [(name, fact["queries"], fact["targets"]) for name, fact in facts.items()] == [
        ("window", 24, 24), ("first", 12, 12), ("last", 12, 12), ("all_future", 12, 24),
    ]  # fmt: skip
    assert protocols["first"]["test"]["model"]["recall@1"] == 1.0
    # The model predicts only the next item; the second one ties with all remaining items.
    all_future = protocols["all_future"]["test"]["model"]
    assert all_future["recall@1"] == 1.0
    assert all_future["map@10"] == pytest.approx((1 / 1 + 0) / 2)
    assert set(protocols["last"]["test"]["baselines"]) == set(BASELINES)
    assert "model_minus_markov" in protocols["all_future"]["confidence"]


def test_the_window_protocol_excludes_only_what_a_request_shows(log: dict[str, str]) -> None:
    """The history of a request has three events, but a user has four or five before a query."""
    result = run(log, "successor")

    window = result["protocols"]["window"]
    assert window["protocol"]["queries_with_items_before_the_window"] == 24
    assert window["test"]["model"]["recall@1"] == 1.0
    by_user = []
    for user in range(12):
        shares = []
        for num_past in (4, 5):
            target = 2 * user + num_past
            # Except for the target, all items have the same score, so lower rows are first.
            excluded = range(target - 3, target + 1)
            listed = [row for row in range(NUM_ITEMS) if row not in excluded][:9]
            shares.append(sum(2 * user <= row < target for row in listed) / 10)
        by_user.append(np.mean(shares))
    assert window["test"]["model"]["repeats@10"] == pytest.approx(np.mean(by_user))
    assert "repeats@10" in window["confidence"]["model_minus_markov"]
    assert "repeats@10" not in result["test"]["model"]


def test_without_older_items_there_is_no_window_protocol(log: dict[str, str]) -> None:
    result = evaluate(
        log["successor"],
        log["windows"],
        log["catalogue"],
        CurrentModelState(),
        data_settings(repeat_interactions="allow"),
        SETTINGS,
    )

    assert list(result["protocols"]) == ["first", "last", "all_future"]


def test_leave_one_out_has_one_protocol(log: dict[str, str]) -> None:
    result = evaluate(
        log["successor"],
        log["windows"],
        log["catalogue"],
        CurrentModelState(),
        data_settings(split={"policy": "leave_one_out"}),
        SETTINGS,
    )

    # The window protocol has the same queries, but other candidates.
    assert list(result["protocols"]) == ["window"]
    assert not {"days_since_split", "model_age"} & set(result["slices"])
