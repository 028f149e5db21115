"""Former names of configuration keys are accepted, with a warning that gives the current one."""

import copy
import logging
from typing import Any

import pytest

from pipeline.config import parse_settings
from pipeline.config.former_names import FORMER_KEYS, FORMER_VALUES, replace_former_names
from schemas.errors import InputError

VALUES: dict[str, Any] = {
    "name": "shop",
    "output": "runs/shop",
    "interactions": {
        "path": "log.csv",
        "format": "csv",
        "fields": {"user_id": "u", "item_id": "i", "timestamp": "t"},
        "reject": {"future": False},
        "damaged_files": "reject",
    },
}


def test_former_names_give_the_settings_of_the_current_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    former = copy.deepcopy(VALUES)
    former["interactions"]["refuse"] = former["interactions"].pop("reject")
    former["interactions"]["damaged_files"] = "refuse"

    with caplog.at_level(logging.WARNING):
        settings = parse_settings(former, "shop.yaml")

    assert settings == parse_settings(copy.deepcopy(VALUES), "shop.yaml")
    assert settings.interactions.reject.future is False
    (key, value) = caplog.messages
    assert key.startswith("shop.yaml: interactions.refuse is renamed to interactions.reject;")
    assert "interactions.damaged_files: reject" in value


def nested(section: str, values: dict[str, Any]) -> dict[str, Any]:
    """Returns values under the dotted name of their section."""
    for part in reversed(section.split(".")):
        values = {part: values}
    return values


def test_baselines_to_beat_are_baselines_of_which_the_model_must_be_better() -> None:
    former = {**copy.deepcopy(VALUES), "evaluation": {"gates": {"beats": ["popularity"]}}}

    gates = parse_settings(former, "shop.yaml").evaluation.gates

    assert (gates.better_than, gates.not_worse_than) == (("popularity",), None)


def test_a_key_under_both_names_is_an_error() -> None:
    values = copy.deepcopy(VALUES)
    values["interactions"]["refuse"] = {}

    with pytest.raises(InputError, match=r"both are given; remove interactions\.refuse"):
        parse_settings(values, "shop.yaml")


@pytest.mark.parametrize("key", FORMER_KEYS)
def test_every_former_key_is_replaced(key: Any) -> None:
    values = nested(key.section, {key.former: 1})
    replace_former_names(values, "shop.yaml")
    assert values == nested(key.section, {key.current: 1})


@pytest.mark.parametrize("key", FORMER_KEYS)
def test_a_former_key_without_a_value_has_no_effect(
    key: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The records of earlier runs contain all keys."""
    values = nested(key.section, {key.former: None, key.current: 2})
    with caplog.at_level(logging.WARNING):
        replace_former_names(values, "run.json")
    assert values == nested(key.section, {key.current: 2})
    assert not caplog.messages


@pytest.mark.parametrize("value", FORMER_VALUES)
def test_every_former_value_is_replaced(value: Any) -> None:
    values = {value.section: {value.key: value.former}}
    replace_former_names(values, "shop.yaml")
    assert values == {value.section: {value.key: value.current}}
