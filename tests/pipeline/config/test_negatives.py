"""Settings of negative feedback that contradict others are errors that name both keys."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.config import load_settings
from schemas.errors import InputError

CONFIG = """
name: shop
output: out
interactions:
  path: log.csv
  format: csv
  fields: {user_id: u, item_id: i, timestamp: t, event_type: e, value: v}
"""
WITHOUT_COLUMNS = "interactions.fields.event_type=null", "interactions.fields.value=null"


def load(tmp_path: Path, *overrides: str) -> Any:
    path = tmp_path / "shop.yaml"
    path.write_text(CONFIG)
    return load_settings(str(path), overrides)


@pytest.mark.parametrize(
    ("overrides", "texts"),
    [
        (["targets.negative={}"], ["targets.negative: has neither event_types nor max_value"]),
        (["targets.negative={event_types: []}"], ["targets.negative.event_types: an empty list"]),
        (
            ["targets.negative={event_types: [dislike]}", *WITHOUT_COLUMNS],
            ["targets.negative.event_types: requires interactions.fields.event_type"],
        ),
        (
            ["targets.negative={max_value: 2}", *WITHOUT_COLUMNS],
            ["targets.negative.max_value: requires interactions.fields.value"],
        ),
        (
            ["targets.negative={event_types: [buy]}", "targets.event_types=[buy, cart]"],
            ["targets.event_types and targets.negative.event_types: both contain 'buy'"],
        ),
        (
            ["targets.negative={event_types: [buy]}", "targets.weights={buy: 2}"],
            ["targets.weights and targets.negative.event_types: both contain 'buy'"],
        ),
        (
            ["targets.negative={event_types: [dislike]}", "interactions.keep.event_types=[buy]"],
            [
                "targets.negative.event_types: 'dislike' is left out by "
                "interactions.keep.event_types"
            ],
        ),
        (
            ["targets.negative={max_value: 2}", "interactions.keep.min_value=2.5"],
            ["targets.negative.max_value is 2, below interactions.keep.min_value (2.5)"],
        ),
        (
            ["train.negative_weight=0.5"],
            ["train.negative_weight: requires targets.negative"],
        ),
        (["targets.negative={max_value: .nan}"], ["targets.negative.max_value"]),
        (["targets.negative={value: 2}"], ["targets.negative.value"]),
    ],
)
def test_a_contradiction_is_an_error(
    tmp_path: Path, overrides: list[str], texts: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, *overrides)
    for text in texts:
        assert text in str(caught.value)


@pytest.mark.parametrize(
    "overrides",
    [
        ["targets.negative={event_types: [dislike]}", "targets.event_types=[buy]"],
        ["targets.negative={event_types: [rate], max_value: 2}", "targets.event_types=[rate]"],
        ["targets.negative={max_value: 2}", "interactions.keep.min_value=2"],
        ["targets.negative={max_value: 2}", "train.negative_weight=0"],
    ],
)
def test_consistent_settings_are_accepted(tmp_path: Path, overrides: list[str]) -> None:
    assert load(tmp_path, *overrides).targets.negative is not None
