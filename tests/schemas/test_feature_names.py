"""Names of features: their keys, and the names that a configuration refuses."""

import keyword
import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from components.config_schema.build import build_schemas
from schemas import serving_specs, tfmd
from schemas.feature_names import feature_keys
from schemas.features import RESERVED_KEYS, FeatureTable, feature_table
from schemas.settings import DataSettings, from_dict
from tests.pipeline.feature_names.hostile_names import NAME, hostile_names

SOURCE = {"path": "x.csv", "format": "csv"}
DECOMPOSED = unicodedata.normalize("NFD", "größe")


def table(
    users: dict[str, str] | None = None,
    context: dict[str, str] | None = None,
    items: dict[str, str] | None = None,
) -> FeatureTable:
    """The table of features with the given kinds."""

    def features(kinds: dict[str, str] | None) -> dict[str, Any]:
        return {name: {"kind": kind} for name, kind in (kinds or {}).items()}

    fields = {"user_id": "u", "item_id": "i", "timestamp": "t"}
    values: dict[str, Any] = {
        "interactions": {**SOURCE, "fields": fields, "context": features(context)},
        "items": {**SOURCE, "fields": {"item_id": "i"}, "features": features(items)},
        "users": {**SOURCE, "fields": {"user_id": "u"}, "features": features(users)},
    }
    return feature_table(from_dict(DataSettings, values))


@pytest.mark.parametrize("name", keyword.kwlist)
def test_a_keyword_of_python_is_not_its_own_key(name: str) -> None:
    # From Python 3.12 on, TensorFlow cannot trace a signature with such an argument.
    (key,) = feature_keys([name], RESERVED_KEYS).values()

    assert key.isidentifier()
    assert not keyword.iskeyword(key)


def refusal(**declared: dict[str, str]) -> str:
    """Returns the message with which a configuration is refused; "" if it is accepted."""
    try:
        table(**declared)
    except ValueError as error:
        return str(error)
    return ""


def test_a_plain_name_is_its_own_key() -> None:
    plain = ["price", "Price_2", "weight", "row", "place", "text", "position", "price_bucket"]
    assert feature_keys(plain, RESERVED_KEYS) == {name: name for name in plain}


@given(st.lists(NAME, unique_by=lambda name: unicodedata.normalize("NFC", name)))
def test_keys_are_distinct_and_safe(names: list[str]) -> None:
    keys = list(feature_keys(names, RESERVED_KEYS).values())

    assert len({key.lower() for key in keys}) == len(names)
    for key in keys:
        assert re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,199}", key)
        assert key.lower() not in RESERVED_KEYS
        assert not key.startswith(("history_", "filter_", "exclude_"))


@given(st.lists(NAME, min_size=1, max_size=9, unique=True))
def test_every_layout_of_accepted_names_has_distinct_names(names: list[str]) -> None:
    users, context, items = names[::3], names[1::3], names[2::3]
    declared = {
        place: dict.fromkeys(group, "category")
        for place, group in (("users", users), ("context", context), ("items", items))
    }
    if message := refusal(**declared):
        assert "rename" in message or "`column:`" in message
        return
    features = table(**declared)

    for schema in (
        tfmd.windows_schema(features),
        tfmd.events_schema(features),
        tfmd.users_schema(features),
        tfmd.catalogue_schema(features),
    ):
        columns = [feature.name for feature in schema.feature]
        assert len(set(columns)) == len(columns)
    query, item = (
        serving_specs.recommend_specs(features),
        serving_specs.candidate_as_of_specs(features),
    )
    assert len(query) == 9 + len(users) + 2 * len(context) + len(items)
    assert len(item) == 3 + len(items)
    for specs in (query, item):
        assert len({spec.name.lower() for spec in specs.values()}) == len(specs)


def test_most_hostile_names_are_accepted() -> None:
    # The inputs that every request has.
    assert {name for name in hostile_names() if refusal(users={name: "number"})} == {
        "user_id",
        "history_item_id",
        "history_timestamp",
        "history_event_type",
        "history_value",
        "exclude_item_id",
        "restrict_item_id",
        "request_timestamp",
        "k",
    }


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"users": {"k": "number"}}, "users.features.k: a request would have two inputs"),
        (
            {"context": {"value": "number"}},
            "the past values of interactions.context.value: a request would have two inputs with "
            "the name 'history_value'",
        ),
        (
            {"users": {"history_x": "number"}, "context": {"x": "number"}},
            "two inputs with the name 'history_x', this one and users.features.history_x",
        ),
        (
            {"users": {"filter_x": "category"}, "items": {"x": "category"}},
            "the filter by items.features.x: a request would have two inputs",
        ),
        ({"items": {"available_at": "timestamp"}}, "items.features.available_at: a request would"),
        ({"items": {"item_id": "category"}}, "items.features.item_id: a request would have two"),
        (
            {"users": {"größe": "number"}, "context": {DECOMPOSED: "number"}},
            "differ only in their Unicode normalisation form",
        ),
        (
            {"users": {"value": "number", "users.value": "number"}},
            "would have the same name 'users.value' in a curated schema",
        ),
        ({"users": {"a\nb": "number"}}, r"contains the character '\n'"),
        ({"users": {"": "number"}}, "must not be empty"),
        ({"users": {"a ": "number"}}, "begin or end with a space"),
        ({"users": {"\u200b": "number"}}, r"'\u200b': the name consists of invisible characters"),
        ({"users": {"name_0123456789abcdef_x": "number"}}, "are reserved"),
    ],
)
def test_a_refused_name(declared: dict[str, dict[str, str]], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        table(**declared)


def test_a_curated_schema_contains_the_names_of_the_user() -> None:
    features = table(
        users={"value": "number", "größe": "number"}, items={"value": "category", "age": "number"}
    )
    curated = schema_pb2.Schema()
    for name, largest in (("value", 5), ("users.value", 50), ("größe", 500)):
        curated.feature.add(name=name).float_domain.max = largest
    curated.feature.add(name="items.value").string_domain.value.append("new")

    schemas = build_schemas(features, curated)

    key = {feature.name: feature.key for feature in features.user}
    found = {x.name: x.float_domain.max for x in schemas.events.feature if x.type == 3}
    assert found == {"value": 5, key["value"]: 50, key["größe"]: 500}
    valid = {x.name: list(x.string_domain.value) for x in schemas.catalogue.feature}
    assert valid[features.item[0].key] == ["new"]
