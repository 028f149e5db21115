"""Event types of the configuration must occur in the log."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.example_gen.event_types import check_event_types, event_type_warnings
from schemas.errors import InputError
from schemas.settings import DataSettings, from_dict
from tests.components.example_gen.logs import event, run, settings

LOGGED = {"view": 2_000, "addtocart": 30, "transaction": 10}


def data_settings(keep: Sequence[str] | None = None, **targets: Any) -> DataSettings:
    fields = {"user_id": "user", "item_id": "item", "timestamp": "time", "event_type": "event"}
    log = {"path": "log.csv", "format": "csv", "fields": fields, "keep": {"event_types": keep}}
    return from_dict(DataSettings, {"interactions": log, "targets": targets})


def summary(logged: dict[str, int], **kept: dict[str, int]) -> dict[str, Any]:
    """Returns the part of a summary that counts event types, by default as if all were kept."""
    stages = {"log": logged, **(kept or {"train": logged})}
    counts = [(stage, name, n) for stage, types in stages.items() for name, n in types.items()]
    return {"event_types": counts}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            data_settings(event_types=["transaction", "add_to_cart"]),
            "targets.event_types: no record of the log has the type 'add_to_cart'; did you mean "
            "'addtocart'?",
        ),
        (
            data_settings(keep=["view", "Transaction "]),
            "interactions.keep.event_types: no record of the log has the type 'Transaction '; did "
            "you mean 'transaction'?",
        ),
        (
            data_settings(weights={"vew": 2.0, "view": 1.0}),
            "targets.weights: no record of the log has the type 'vew'; did you mean 'view'?",
        ),
        (
            data_settings(negative={"event_types": ["transactions"]}),
            "targets.negative.event_types: no record of the log has the type 'transactions'; did "
            "you mean 'transaction'?",
        ),
        (
            data_settings(event_types=["view", "purchase"]),
            "targets.event_types: no record of the log has the type 'purchase'; correct it or "
            "remove it",
        ),
    ],
    ids=["targets", "keep", "weights", "negative", "none similar"],
)
def test_a_type_that_does_not_occur_is_an_error(data: DataSettings, message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_event_types(summary(LOGGED), data)
    assert message in str(caught.value)
    assert str(caught.value).endswith(
        "The 2,040 valid records of log.csv have these types (column 'event'): 'view' (2,000), "
        "'addtocart' (30), 'transaction' (10)"
    )


def test_every_problem_is_in_one_message_and_long_lists_are_cut() -> None:
    logged = {f"type{n}": 20 - n for n in range(12)} | {"": 30}
    data = data_settings(event_types=["buy"], weights={"buy": 2.0, "bye": 3.0})
    with pytest.raises(InputError) as caught:
        check_event_types(summary(logged), data)
    message = str(caught.value)
    assert message.count("no record of the log has the type") == 3
    assert "no type (30), 'type0' (20)" in message
    assert message.endswith("and 3 more")


@given(st.dictionaries(st.text(max_size=5), st.integers(1, 9), min_size=1), st.data())
def test_a_message_appears_exactly_if_a_type_is_missing(
    logged: dict[str, int], data: st.DataObject
) -> None:
    names = data.draw(
        st.lists(st.sampled_from(sorted(logged)) | st.text(max_size=5), min_size=1, unique=True)
    )
    missing = [name for name in names if name not in logged]
    for configured in (
        data_settings(keep=names),
        data_settings(event_types=names),
        data_settings(weights=dict.fromkeys(names, 2.0)),
    ):
        if not missing:
            check_event_types(summary(logged), configured)
            continue
        with pytest.raises(InputError) as caught:
            check_event_types(summary(logged), configured)
        assert all(f"has the type {name!r}" in str(caught.value) for name in missing)


def test_a_weight_without_a_train_event_is_an_error() -> None:
    counts = summary(LOGGED, train={"view": 5}, test={"transaction": 1})
    check_event_types(counts, data_settings(event_types=["view", "transaction"]))
    with pytest.raises(InputError) as caught:
        check_event_types(counts, data_settings(weights={"view": 1.0, "transaction": 2.0}))
    assert (
        "targets.weights: 10 records of the log have the type 'transaction', but no kept event of "
        "split train has it" in str(caught.value)
    )


def test_a_type_whose_records_are_all_rejected_is_reported() -> None:
    counts = summary(LOGGED, train={"view": 5}, eval={"addtocart": 1})
    data = data_settings(event_types=["view", "addtocart", "transaction"])
    check_event_types(counts, data)
    [text] = event_type_warnings(counts, data)
    assert text.startswith("targets.event_types: all 10 valid records of type 'transaction' are")


def test_a_log_without_valid_records_has_another_error() -> None:
    check_event_types({"event_types": []}, data_settings(event_types=["buy"]))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"targets": {"event_types": ["buy", "vew"]}}, "targets.event_types"),
        ({"keep": {"event_types": ["buy", "vew"]}}, "interactions.keep.event_types"),
        ({"targets": {"weights": {"vew": 2}}}, "targets.weights"),
    ],
)
def test_an_ingestion_checks_the_types(tmp_path: Path, changes: Any, key: str) -> None:
    log = [event("u", f"i{n}", n, type=("view", "buy", "")[n % 3]) for n in range(30)]
    with pytest.raises(InputError) as caught:
        run(settings(tmp_path, log, **changes), tmp_path)
    assert f"{key}: no record of the log has the type 'vew'; did you mean 'view'?" in str(
        caught.value
    )
    assert "have these types (column 'type'): no type (10), 'buy' (10), 'view' (10)" in str(
        caught.value
    )


def test_an_ingestion_reports_types_without_a_kept_event(tmp_path: Path) -> None:
    log = [event("u", f"i{n}", n, type="view") for n in range(30)]
    log += [event("v", f"i{n}", n, type="buy", value=0) for n in range(5)]
    targets = {"event_types": ["view", "buy"]}
    data = settings(tmp_path, log, keep={"min_value": 1}, targets=targets)
    [text] = run(data, tmp_path).report.warnings
    assert text.startswith("targets.event_types: all 5 valid records of type 'buy' are rejected")
