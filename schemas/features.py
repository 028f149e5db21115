"""The table of features, built from the settings.

A feature has the user's name and a key (`schemas.feature_names`). Everything that must agree about
a feature is derived from this table: the layout of raw tf.Examples, the TFMD schema
(`schemas.tfmd`), the transformed features and the inputs of the served signatures.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from schemas.feature_names import (
    check_name,
    check_normal_forms,
    check_unambiguous,
    feature_key,
    feature_keys,
)
from schemas.request_names import (
    BOOST_PREFIX,
    EXCLUDE_ITEM_ID,
    FILTER_PREFIX,
    HISTORY_PREFIX,
    MAX_SUFFIX,
    MIN_SUFFIX,
    REQUEST_TIMESTAMP,
    RESTRICT_ITEM_ID,
    K,
)
from schemas.settings import DataSettings
from schemas.source_settings import FeatureKind, FeatureSettings, ListFormat, TimestampUnit
from schemas.text_tokens import WORDS, TokenRules, token_rules

USER_ID = "user_id"
ITEM_ID = "item_id"
TIMESTAMP = "timestamp"
EVENT_TYPE = "event_type"
VALUE = "value"
IS_TARGET = "is_target"
AVAILABLE_AT = "available_at"
AS_OF = "as_of_s"

# A missing value is "", -1 or NaN, by its type, in the data and in a served request.
MISSING_TEXT = ""
MISSING_INTEGER = -1
MISSING_NUMBER = float("nan")

COLUMNS = frozenset({USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE, VALUE, IS_TARGET, AVAILABLE_AT})
# Names that are the key of no feature: columns of examples, inputs of the signatures, and an
# argument that Python cannot pass to them.
RESERVED_KEYS = COLUMNS | {AS_OF, K, REQUEST_TIMESTAMP, "self"}
USERS, CONTEXT, ITEMS = SOURCES = ("users", "context", "items")
TRAIN_SPLIT, EVAL_SPLIT, TEST_SPLIT = WINDOW_SPLITS = ("train", "eval", "test")
# Events that are not targets and that no window of the other splits contains.
PAST_SPLIT = "past"
STORED_SPLITS = (*WINDOW_SPLITS, PAST_SPLIT)
CATALOGUE_SPLIT = "catalogue"
EVENTS_SPLIT = "events"
USERS_SPLIT = "users"


@dataclass(frozen=True)
class Feature:
    """One declared feature of a user, an item or an event's context.

    Attributes:
      name: The user's name, in the configuration and in served requests.
      kind: How the column is read and transformed.
      column: The column in the source file.
      separator: Separates the values of a `categories` column.
      list_format: How the texts of a `categories` column are written.
      timestamp_unit: The unit of a `timestamp` feature; None for that of the source.
      timestamp_format: The format of a `timestamp` feature; None for that of the source.
      source: `users`, `context` or `items`.
      key: The name in tf.Examples, in the transformed data and in TensorFlow graphs; by default
        that of a feature without others.
      tokens: How a `text` becomes tokens.
    """

    name: str
    kind: FeatureKind
    column: str
    separator: str = "|"
    list_format: ListFormat = "auto"
    timestamp_unit: TimestampUnit | None = None
    timestamp_format: str | None = None
    source: str = ""
    key: str = ""
    tokens: TokenRules = WORDS

    def __post_init__(self) -> None:
        if not self.key:
            object.__setattr__(self, "key", feature_key(self.name, RESERVED_KEYS))

    @property
    def label(self) -> str:
        """The name in curated schemas and in messages about columns of examples.

        A name that a column of the project has, too, is written with its source: `users.value`.
        """
        return f"{self.source}.{self.name}" if self.name in COLUMNS else self.name

    @property
    def is_number(self) -> bool:
        """Whether raw values are floats (missing: NaN)."""
        return self.kind is FeatureKind.NUMBER

    @property
    def holds_categories(self) -> bool:
        """Whether a raw value is a category or a list of categories."""
        return self.kind in (FeatureKind.CATEGORY, FeatureKind.CATEGORIES)

    @property
    def is_timestamp(self) -> bool:
        """Whether raw values are integers, seconds since the epoch, UTC (missing: -1)."""
        return self.kind is FeatureKind.TIMESTAMP


@dataclass(frozen=True)
class FeatureTable:
    """The features of users, of event contexts and of items, in declared order."""

    user: tuple[Feature, ...] = ()
    context: tuple[Feature, ...] = ()
    item: tuple[Feature, ...] = ()

    @property
    def item_filters(self) -> tuple[Feature, ...]:
        """The item features by which a request can filter."""
        return tuple(feature for feature in self.item if feature.holds_categories)

    @property
    def item_numbers(self) -> tuple[Feature, ...]:
        """The item features whose values a request can limit and give weight."""
        return tuple(feature for feature in self.item if feature.is_number or feature.is_timestamp)

    @property
    def event_labels(self) -> dict[str, str]:
        """The label of each feature of events, by key."""
        return {feature.key: feature.label for feature in (*self.user, *self.context)}

    @property
    def item_labels(self) -> dict[str, str]:
        """The label of each feature of items, by key."""
        return {feature.key: feature.label for feature in self.item}


def title_feature(table: FeatureTable) -> Feature | None:
    """Returns the feature that is shown as the title of items: the first text, if any."""
    return next((feature for feature in table.item if feature.kind is FeatureKind.TEXT), None)


def feature_table(settings: DataSettings) -> FeatureTable:
    """Returns the table of the features that the settings declare.

    Raises:
      ValueError: A name is not possible or would be ambiguous in a request, or a kind is not
        allowed in its place, or a setting does not apply to its kind. The message names the key.
    """
    users = settings.users.features if settings.users else {}
    items = settings.items.features if settings.items else {}
    context = settings.interactions.context
    single = (FeatureKind.CATEGORY, FeatureKind.NUMBER)
    _check(_PLACES[USERS], users, single)
    _check(_PLACES[CONTEXT], context, single)
    _check(_PLACES[ITEMS], items, tuple(FeatureKind))
    for name in sorted(set(users) & set(context)):
        raise ValueError(
            f"users.features.{name} and interactions.context.{name} have the same name, and both "
            f"are inputs of the query tower: rename one (`{name}_now: {{kind: …, column: {name}}}`)"
        )
    query_keys = feature_keys([*users, *context], RESERVED_KEYS)
    table = FeatureTable(
        user=_features(USERS, users, query_keys),
        context=_features(CONTEXT, context, query_keys),
        item=_features(ITEMS, items, feature_keys(items, RESERVED_KEYS)),
    )
    _check_distinct((*table.user, *table.context), _query_inputs(table))
    _check_distinct(table.item, _item_inputs(table))
    return table


_PLACES = {USERS: "users.features", CONTEXT: "interactions.context", ITEMS: "items.features"}


def _features(
    source: str, declared: Mapping[str, FeatureSettings], keys: Mapping[str, str]
) -> tuple[Feature, ...]:
    return tuple(
        Feature(
            name,
            settings.kind,
            settings.column or name,
            settings.separator,
            settings.list_format,
            settings.timestamp_unit,
            settings.timestamp_format,
            source=source,
            key=keys[name],
            tokens=token_rules(f"{_PLACES[source]}.{name}", settings),
        )
        for name, settings in declared.items()
    )


def _check(
    place: str, declared: Mapping[str, FeatureSettings], allowed: tuple[FeatureKind, ...]
) -> None:
    for name, settings in declared.items():
        check_name(place, name)
        if settings.kind not in allowed:
            kinds = ", ".join(kind.value for kind in allowed)
            raise ValueError(
                f"{place}.{name}: kind {settings.kind.value!r} is not allowed here; expected one "
                f"of {kinds}"
            )


def _check_distinct(features: tuple[Feature, ...], inputs: Iterable[tuple[str, str]]) -> None:
    """Checks that the features of one request are distinct in requests and in curated schemas."""
    check_normal_forms((_place(feature), feature.name) for feature in features)
    check_unambiguous(inputs)
    sources = {feature.label: _place(feature) for feature in features}
    for feature in features:
        if sources[feature.label] != _place(feature):
            raise ValueError(
                f"{_place(feature)} and {sources[feature.label]} would have the same name "
                f"{feature.label!r} in a curated schema: rename one"
            )


def _place(feature: Feature) -> str:
    return f"{_PLACES[feature.source]}.{feature.name}"


def _query_inputs(table: FeatureTable) -> Iterator[tuple[str, str]]:
    """Yields the name and the origin of each input of signature `recommend`."""
    fixed = (REQUEST_TIMESTAMP, EXCLUDE_ITEM_ID, RESTRICT_ITEM_ID, K, USER_ID)
    past = (ITEM_ID, TIMESTAMP, EVENT_TYPE, VALUE)
    for name in (*fixed, *(HISTORY_PREFIX + column for column in past)):
        yield name, "an input of every request"
    for feature in (*table.user, *table.context):
        yield feature.name, _place(feature)
    for feature in table.context:
        yield HISTORY_PREFIX + feature.name, f"the past values of {_place(feature)}"
    for feature in table.item_filters:
        yield FILTER_PREFIX + feature.name, f"the filter by {_place(feature)}"
    for feature in table.item_numbers:
        for suffix in (MIN_SUFFIX, MAX_SUFFIX):
            yield FILTER_PREFIX + feature.name + suffix, f"the filter by {_place(feature)}"
        yield BOOST_PREFIX + feature.name, f"the weight of {_place(feature)}"


def _item_inputs(table: FeatureTable) -> Iterator[tuple[str, str]]:
    """Yields the name and the origin of each input of the signatures that embed an item."""
    for name in (ITEM_ID, AVAILABLE_AT, AS_OF):
        yield name, "an input of every request for an item"
    for feature in table.item:
        yield feature.name, _place(feature)
