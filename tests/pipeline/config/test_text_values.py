"""Values that YAML does not read as text where text is meant: accepted, or "quote it"."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.config import load_settings
from schemas.errors import InputError
from schemas.settings import Settings

CONFIG: dict[str, Any] = {
    "name": "shop",
    "output": "runs/shop",
    "interactions": {
        "path": "log.csv",
        "format": "csv",
        "fields": {"user_id": "u", "item_id": "i", "timestamp": "t", "event_type": "e"},
        "context": {"device": "category"},
    },
    "items": {
        "path": "items.csv",
        "format": "csv",
        "fields": {"item_id": "i"},
        "features": {"title": {"kind": "text"}},
    },
}


def load(folder: Path, *overrides: str, text: str = "") -> Settings:
    path = folder / "c.yaml"
    path.write_text(yaml.safe_dump(CONFIG) + text)
    return load_settings(str(path), overrides)


def test_event_types_and_headers_may_be_digits(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "targets.event_types=[2, 010, 1:30, 1_000, 0x1F, -3]",
        "targets.weights={2: 3.0, 010: 2}",
        "interactions.keep.event_types=[2, 010, 1:30, 1_000, 0x1F, -3]",
        "interactions.csv.header=[u, i, t, e, device, 5]",
        "erase.user_ids=[007]",
    )
    types = ("2", "010", "1:30", "1_000", "0x1F", "-3")
    assert loaded.targets.event_types == types
    assert loaded.interactions.keep.event_types == types
    assert loaded.targets.weights == {"2": 3.0, "010": 2.0}
    assert loaded.interactions.csv.header == ("u", "i", "t", "e", "device", "5")
    assert loaded.erase.user_ids == ("007",)


@given(st.integers(-(10**20), 10**20), st.sampled_from(["", "0", "00"]))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
def test_digits_are_kept_as_written(tmp_path: Path, number: int, zeros: str) -> None:
    text = f"-{zeros}{-number}" if number < 0 else f"{zeros}{number}"
    loaded = load(tmp_path, f"targets.event_types=[{text}]")
    assert loaded.targets.event_types == (text,)


def test_numbers_are_still_numbers(tmp_path: Path) -> None:
    loaded = load(tmp_path, "train.max_epochs=1_000", "history.max_length=40", "model.dim=+64")
    assert (loaded.train.max_epochs, loaded.history.max_length) == (1000, 40)


# Every key of text, with a value of the wrong type.
TEXT_KEYS = [
    "name",
    "output",
    "schema",
    "interactions.path",
    "interactions.path.0",
    "interactions.csv.delimiter",
    "interactions.csv.encoding",
    "interactions.csv.quote",
    "interactions.fields.user_id",
    "interactions.fields.timestamp",
    "interactions.fields.event_type",
    "interactions.context.device.column",
    "interactions.explode",
    "interactions.reject.earliest",
    "interactions.range.begin",
    "items.fields.available_at",
    "items.features.title.separator",
    "items.features.title.column",
    "targets.event_types.0",
    "interactions.keep.event_types.0",
    "split.eval_start",
    "erase.user_ids_path",
    "evaluation.slices.0",
    "push.serving_dir",
    "beam.args.0",
]


@pytest.mark.parametrize("key", TEXT_KEYS)
@pytest.mark.parametrize(
    ("value", "part"), [("yes", "as true"), ("off", "as false"), ("1.5", "1.5")]
)
def test_other_values_are_answered_with_quote_it(
    tmp_path: Path, key: str, value: str, part: str
) -> None:
    name = key.removesuffix(".0")
    override = f"{name}=[{value}]" if name != key else f"{name}={value}"
    with pytest.raises(InputError) as caught:
        load(tmp_path, "interactions.context.device={kind: category}", override)
    (message,) = str(caught.value).split("; ")
    assert f"{key}: YAML reads an unquoted" in message
    assert part in message
    assert "quote it" in message


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("targets: {weights: {on: 2.0}}", "targets.weights.1"),
        ("targets: {event_types: [no]}", "targets.event_types.0"),
    ],
)
def test_keys_are_answered_with_quote_it(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(InputError, match=f"{key}: YAML reads an unquoted yes.* quote it"):
        load(tmp_path, text=text)


def test_null_is_explained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"targets\.event_types\.0: is empty or null"):
        load(tmp_path, "targets.event_types=[null]")
