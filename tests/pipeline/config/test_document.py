"""The generated page of the configuration: complete, current, and with examples that are valid."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from pipeline.config.document import Key, keys_of, render
from pipeline.config.load import expand_short_features
from schemas.setting_doc import Doc
from schemas.settings import Settings
from schemas.source_settings import FeatureSettings, PositiveInt, SourceSettings

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"
KEYS = [*keys_of(Settings), *keys_of(SourceSettings), *keys_of(FeatureSettings)]


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == render(), "docs/configuration.md is stale: run `make docs`"


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_the_example_is_valid_and_not_the_default(key: Key) -> None:
    example = _without_short_features(key)

    value = TypeAdapter(key.hint).validate_python(example)

    assert value != key.default
    assert key.doc.text.endswith(".")


def _without_short_features(key: Key) -> Any:
    """The example with `title: text` written out where its place allows the short form."""
    *parents, name = key.name.split(".")
    values: dict[str, Any] = {name: key.doc.example}
    for parent in reversed(parents):
        values = {parent: values}
    expand_short_features(values)
    for parent in parents:
        values = values[parent]
    return values[name]


def test_every_field_of_every_section_is_listed() -> None:
    listed = {key.name for key in KEYS}
    assert {"model.hidden_dim", "train.max_seconds", "evaluation.gates.max_drop"} <= listed
    assert {"items.features", "interactions.reject.user_rate_limit.per", "range.last"} <= listed
    assert len(listed) == len(KEYS)


def test_a_field_without_documentation_is_an_error() -> None:
    @dataclasses.dataclass(frozen=True)
    class Undocumented:
        events: PositiveInt = 1

    with pytest.raises(TypeError, match=r"Undocumented\.events: no Doc"):
        list(keys_of(Undocumented))


def test_ranges_and_units_are_shown() -> None:
    @dataclasses.dataclass(frozen=True)
    class Section:
        events: Annotated[PositiveInt | None, Doc("Events.", example=2, unit="events")] = None

    (key,) = keys_of(Section, "log.")

    assert key.name == "log.events"
    assert "| `train.max_epochs` | integer, above 0 (epochs) |" in render()
