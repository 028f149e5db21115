"""The complete evaluation of models with known outputs, on a log of item sequences."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components.current_model.state import CurrentModelState
from components.evaluator.embed import SignatureEncoder
from components.evaluator.evaluate import USER_METRICS, evaluate
from components.evaluator.held_out import read_held_out_data
from components.evaluator.model_gates import compare_served
from components.evaluator.served_gate import served_gates
from components.examples.read import read_raw_catalogue, read_raw_windows
from schemas.errors import InputError
from schemas.evaluation_settings import EvaluationSettings, ModelGateSettings
from schemas.features import feature_table
from schemas.metrics import BASELINES
from schemas.settings import DataSettings
from tests.components.evaluator.logs import SETTINGS as SETTINGS_OF_LOG
from tests.components.evaluator.logs import (
    TABLE,
    data_settings,
    save_successor_model,
    write_catalogue,
    write_windows,
)

NUM_ITEMS = 30
ITEMS = [f"item {n:02}" for n in range(NUM_ITEMS)]
SETTINGS = EvaluationSettings(cutoffs=(1, 10), bootstrap_samples=50)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each user has six successive items; the last two events are the test split."""
    root = tmp_path_factory.mktemp("log")
    train, test = [], []
    for user in range(12):
        sequence = [(ITEMS[2 * user + n], 1000 * n + user) for n in range(6)]
        train.append((f"user {user}", [(item, time, 1) for item, time in sequence[:4]]))
        test.append((f"user {user}", [(item, time, int(n >= 4)) for n, (item, time) in
                                      enumerate(sequence) if n >= 1]))  # fmt: skip
    return {
        "windows": write_windows(str(root / "windows"), {"train": train, "eval": [], "test": test}),
        "catalogue": write_catalogue(str(root / "catalogue"), ITEMS),
        "successor": save_successor_model(str(root / "successor"), ITEMS),
        # The same model over the reversed list of items: it recommends the preceding item.
        "predecessor": save_successor_model(str(root / "predecessor"), ITEMS[::-1]),
    }


def run(
    log: dict[str, str],
    model: str,
    current: str | None = None,
    train_end_s: int | None = None,
    split_policy: str | None = None,
    data: DataSettings | None = None,
    **changes: Any,
) -> dict[str, Any]:
    return evaluate(
        model_path=log[model],
        windows_uri=log["windows"],
        catalogue_uri=log["catalogue"],
        served=CurrentModelState(
            version="7",
            towers_path=log[current],
            train_end_s=train_end_s,
            split_policy=split_policy,
        )
        if current
        else CurrentModelState(),
        data=data or data_settings(),
        settings=EvaluationSettings(**{**vars(SETTINGS), **changes}),
    )


def test_a_perfect_model_has_perfect_metrics_and_passes_the_gates(log: dict[str, str]) -> None:
    result = run(log, "successor")

    assert result["protocol"] == {
        "name": "successive",
        "split": "test",
        "queries": 2 * 12,
        "targets": 2 * 12,
        "users": 12,
        "candidates": NUM_ITEMS,
        "repeat_interactions": "exclude",
        "repeat_targets_skipped": 0,
        "sampled": False,
        "sampled_from_users": 12,
    }
    assert result["test"]["model"]["recall@1"] == 1.0
    assert result["test"]["model"]["mrr"] == 1.0
    assert result["confidence"]["model"]["recall@1"] == [1.0, 1.0]
    assert tuple(result["test"]["baselines"]) == BASELINES
    assert result["baselines"]["markov"]["not_chosen"] == "the eval split has no target event"
    assert "current" not in result["test"]
    low, high = result["confidence"]["model_minus_popularity"]["mrr"]
    assert 0 < low <= 1.0 - result["test"]["baselines"]["popularity"]["mrr"] <= high
    assert result["slices"]["past_events"]["3-9"]["targets"] == 24
    assert result["slices"]["past_events"]["3-9"]["recall@10"] == 1.0
    assert sum(s["targets"] for s in result["slices"]["item_popularity"].values()) == 24
    assert [gate["name"] for gate in result["gates"]] == [
        *(f"model.against_{name}" for name in BASELINES),
        "model.against_served",
        "model.served_slices",
        "model.coverage",
        "model.embedding_health",
        "model.parity",
    ]
    assert result["train_end_s"] == 3000 + 11
    assert all(gate["passed"] for gate in result["gates"])
    assert json.dumps(without_user_metrics(result), allow_nan=False)


def without_user_metrics(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key != USER_METRICS}


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


def gates_by_name(result: dict[str, Any]) -> dict[str, Any]:
    return {gate["name"].removeprefix("model."): gate for gate in result["gates"]}


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


def test_slices_and_diagnosis(log: dict[str, str]) -> None:
    result = run(log, "successor", slices=("items.genres", "users.country"))

    assert list(result["slices"]) == [
        "user_activity", "past_events", "item_popularity", "days_since_split", "model_age",
        "event_type", "items.genres", "users.country",
    ]  # fmt: skip
    part = result["slices"]["past_events"]["3-9"]
    # Too few users for an interval.
    assert part["interval"] is part["difference"] is None
    assert result["slice_intervals"]["intervals"] == 0
    assert set(part["baselines"]) == set(BASELINES)
    assert result["slices"]["users.country"]["country of user 3"]["targets"] == 2
    assert result["diagnosis"]["embeddings"]["dim"] == NUM_ITEMS
    consumed = result["diagnosis"]["consumption"]["consumed"]
    assert consumed["head"] + consumed["middle"] + consumed["tail"] + consumed[
        "never_trained"
    ] == pytest.approx(1)
    assert "no parity sample" in result["diagnosis"]["parity"]["left_out"]


def test_ties_count_against_the_model(log: dict[str, str]) -> None:
    """The model scores a seen item 1 and all others 0, so the target ties with all candidates."""
    gates = ModelGateSettings(better_than=("popularity",))
    result = run(log, "predecessor", gates=gates)

    num_candidates = [NUM_ITEMS - 4, NUM_ITEMS - 5]
    assert result["test"]["model"]["mrr"] == pytest.approx(
        (1 / num_candidates[0] + 1 / num_candidates[1]) / 2
    )
    assert not result["gates"][0]["passed"]


def test_comparison_with_the_currently_served_model(log: dict[str, str]) -> None:
    worse = run(log, "predecessor", current="successor")
    better = run(log, "successor", current="predecessor")

    assert worse["test"]["current"]["mrr"] == 1.0
    assert worse["test"]["current"] == better["test"]["model"]
    assert worse["confidence"]["model_minus_current"]["mrr"][1] < 0
    # Twelve users are too few for a verdict.
    for result in (worse, better):
        assert gates_by_name(result)["against_served"]["verdict"] == "undecided"


@pytest.mark.parametrize(("train_end_s", "num_later"), [(1000, 24), (4005, 18), (5011, 0)])
def test_the_served_model_is_compared_on_targets_later_than_its_train_split(
    log: dict[str, str], train_end_s: int, num_later: int
) -> None:
    """Test targets are 12 at 4000 to 4011 and 12 at 5000 to 5011; those of the train end before."""
    result = run(log, "successor", current="predecessor", train_end_s=train_end_s)

    reason = gates_by_name(result)["against_served"]["reason"]
    assert f"on the {num_later} of 24 targets later than both train splits" in reason


LEAVE_ONE_OUT: dict[str, Any] = {"split": {"policy": "leave_one_out"}}
ROW_ORDER: dict[str, Any] = {
    "interactions": {
        **SETTINGS_OF_LOG["interactions"],
        "fields": {"user_id": "user", "item_id": "item", "timestamp": "row_order"},
    }
}


@pytest.mark.parametrize(
    ("served_policy", "changes", "compared"),
    [
        # Neither split contains a user's last target, whenever the other users' events end.
        ("leave_one_out", LEAVE_ONE_OUT, "all targets, because both splits are leave_one_out"),
        ("leave_one_out", {**LEAVE_ONE_OUT, **ROW_ORDER}, "all targets, because both splits"),
        # A temporal split up to the end of the log contains them.
        ("temporal", LEAVE_ONE_OUT, "the 0 of 24 targets later than both train splits"),
        ("leave_one_out", {}, "the 0 of 24 targets later than both train splits"),
        ("temporal", {**LEAVE_ONE_OUT, **ROW_ORDER}, "because this log has no times"),
    ],
)
def test_targets_that_neither_model_has_learned_are_compared(
    log: dict[str, str], served_policy: str, changes: dict[str, Any], compared: str
) -> None:
    data = data_settings(**changes)

    result = run(log, "successor", "predecessor", 5011, served_policy, data)

    assert compared in gates_by_name(result)["against_served"]["reason"]
    assert result["split_policy"] == data.split.policy


@pytest.mark.parametrize(
    ("rules", "served_rules", "is_comparable"),
    [
        (["case"], [], False),
        (["trim", "case"], ["trim"], False),
        ([], ["case"], True),
        (["case"], ["trim", "case"], True),
    ],
)
def test_a_served_model_that_does_not_know_the_ids_is_not_compared(
    log: dict[str, str], rules: list[str], served_rules: list[str], is_comparable: bool
) -> None:
    held_out = read_held_out_data(log["windows"], log["catalogue"], data_settings(), SETTINGS)
    encoder = SignatureEncoder(log["successor"], TABLE)
    result = held_out.measure_model(held_out.embed(encoder))
    served = CurrentModelState(version="7", id_rules=served_rules)

    comparison = compare_served(
        result, result, served, held_out, data_settings(ids={"normalise": rules}), "mrr"
    )
    gates = served_gates(ModelGateSettings(), comparison, {}, num_samples=20, seed=1)

    assert (comparison.doubt is None) == is_comparable
    if not is_comparable:
        assert all(gate.is_warning for gate in gates)
        assert all("rules case of ids.normalise" in gate.reason for gate in gates)


def test_missing_inputs_of_the_served_model_are_named(log: dict[str, str]) -> None:
    result = run(log, "successor", current="predecessor", data=data_settings(users=None))

    reason = gates_by_name(result)["against_served"]["reason"]
    assert "the settings no longer define its inputs country, which were sent as missing" in reason


def test_evaluation_is_reproducible(log: dict[str, str]) -> None:
    first, second = (run(log, "successor", max_targets=10) for _ in range(2))

    assert without_user_metrics(first) == without_user_metrics(second)
    assert first["protocol"]["targets"] == 10
    users, same_users = first[USER_METRICS], second[USER_METRICS]
    assert users.targets_digest == same_users.targets_digest
    np.testing.assert_equal(users.by_user, same_users.by_user)


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), 1e30])
def test_a_model_with_scores_that_are_not_finite_raises_an_error(
    log: dict[str, str], tmp_path: Path, scale: float
) -> None:
    broken = save_successor_model(str(tmp_path / "broken"), ITEMS, scale=scale)

    with pytest.raises(FloatingPointError, match="diverged"):
        run({**log, "broken": broken}, "broken")


def test_a_saved_model_without_the_signatures_raises_an_error(
    log: dict[str, str], tmp_path: Path
) -> None:
    tf.saved_model.save(tf.Module(), str(tmp_path / "bare"))

    with pytest.raises(InputError, match=r"no signature 'query_embedding'.*none"):
        run({**log, "bare": str(tmp_path / "bare")}, "bare")


def test_batched_embeddings_are_returned_in_the_order_of_the_queries(
    log: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.evaluator.embed.QUERY_BATCH", 5)
    encoder = SignatureEncoder(log["successor"], TABLE)
    windows = read_raw_windows(log["windows"], "train", TABLE)
    positions = np.arange(len(windows.item_id))

    embedded = encoder.queries(windows, positions, max_history=2)

    items = windows.item_id.tolist()
    expected = [
        0 if position % 4 == 0 else ITEMS.index(items[position - 1].decode()) + 1
        for position in positions
    ]
    assert embedded.argmax(axis=1).tolist() == expected


def test_inputs_that_the_settings_do_not_define_are_sent_as_missing_values(
    log: dict[str, str],
) -> None:
    fewer = feature_table(data_settings(users=None, items=None))
    encoder = SignatureEncoder(log["successor"], fewer)

    candidates = encoder.candidates(read_raw_catalogue(log["catalogue"], fewer))
    queries = encoder.queries(read_raw_windows(log["windows"], "test", fewer), np.array([1]), 3)

    assert encoder.inputs_sent_as_missing == ("country", "genres", "price")
    assert candidates.argmax(axis=1).tolist() == list(range(NUM_ITEMS))
    assert queries.argmax(axis=1).tolist() == [2]


def test_a_feature_that_changed_its_kind_raises_an_error_with_its_name(log: dict[str, str]) -> None:
    context = {"device": {"kind": "number"}}
    changed = {**SETTINGS_OF_LOG["interactions"], "context": context}

    with pytest.raises(
        InputError, match="input device of dtype string, but the settings define it as float"
    ):
        SignatureEncoder(log["successor"], feature_table(data_settings(interactions=changed)))


@pytest.mark.parametrize("served_kind", ["category", "categories"])
def test_a_feature_with_another_number_of_dimensions_raises_an_error(
    log: dict[str, str], tmp_path: Path, served_kind: str
) -> None:
    """TensorFlow would run the signature with the wrong shape."""
    kinds = {"category", "categories"}
    items = {
        kind: {**SETTINGS_OF_LOG["items"], "features": {"genres": {"kind": kind}}} for kind in kinds
    }
    tables = {kind: feature_table(data_settings(items=items[kind])) for kind in kinds}
    path = save_successor_model(str(tmp_path / "served"), ITEMS, tables[served_kind])
    (new_kind,) = kinds - {served_kind}

    with pytest.raises(InputError, match=r"input genres of dtype string.*give the feature a new"):
        SignatureEncoder(path, tables[new_kind])


def test_one_user_one_item_and_no_history(tmp_path: Path) -> None:
    result = evaluate(
        save_successor_model(str(tmp_path / "model"), ["only"]),
        write_windows(
            str(tmp_path / "windows"),
            {
                "train": [("other", [("only", 1, 1)])],
                "eval": [],
                "test": [("new", [("only", 5, 1)])],
            },
        ),
        write_catalogue(str(tmp_path / "catalogue"), ["only"]),
        CurrentModelState(),
        data_settings(),
        SETTINGS,
    )

    assert result["test"]["model"]["recall@10"] == 1.0
    assert result["test"]["baselines"]["markov"]["recall@10"] == 1.0
    assert result["slices"]["past_events"]["0"]["targets"] == 1
    assert result["gates"][0]["passed"]
    assert result["gates"][0]["reason"].startswith("undecided: recall@10 is 1.0000 for every")
    assert json.dumps(without_user_metrics(result), allow_nan=False)
