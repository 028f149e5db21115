"""The table of features, built from the settings.

Everything that must agree about a feature is derived from this table: the layout of raw
tf.Examples, the TFMD schema (`schemas.tfmd`), the transformed features and the inputs of the served
signatures.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.settings import DataSettings
from schemas.source_settings import FeatureKind, FeatureSettings

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

RESERVED_NAMES = frozenset(
    {USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE, VALUE, IS_TARGET, AVAILABLE_AT, AS_OF}
)
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
      name: The name in tf.Examples, in the transformed data and in served requests.
      kind: How the column is read and transformed.
      column: The column in the source file.
      separator: Separates the values of a `categories` column.
    """

    name: str
    kind: FeatureKind
    column: str
    separator: str = "|"

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


def feature_table(settings: DataSettings) -> FeatureTable:
    """Returns the table of the features that the settings declare.

    Raises:
      ValueError: A name is reserved, two query features have the same name, or a kind is not
        allowed in its place. The message names the key.
    """
    users = settings.users.features if settings.users else {}
    items = settings.items.features if settings.items else {}
    context = settings.interactions.context
    single = (FeatureKind.CATEGORY, FeatureKind.NUMBER)
    _check("users.features", users, single)
    _check("interactions.context", context, single)
    _check("items.features", items, tuple(FeatureKind))
    for name in sorted(set(users) & set(context)):
        raise ValueError(
            f"users.features.{name} and interactions.context.{name} have the same name, and both "
            f"are inputs of the query tower: rename one (`{name}_now: {{kind: …, column: {name}}}`)"
        )
    return FeatureTable(user=_features(users), context=_features(context), item=_features(items))


def _features(declared: Mapping[str, FeatureSettings]) -> tuple[Feature, ...]:
    return tuple(
        Feature(name, settings.kind, settings.column or name, settings.separator)
        for name, settings in declared.items()
    )


def _check(
    key: str, declared: Mapping[str, FeatureSettings], allowed: tuple[FeatureKind, ...]
) -> None:
    for name, settings in declared.items():
        if not name.isidentifier() or name.startswith(("history_", "filter_", "exclude_", "_")):
            raise ValueError(
                f"{key}.{name}: a feature's name must be an identifier that does not begin with "
                "history_, filter_, exclude_ or _; give the name in the file as `column:`"
            )
        if name in RESERVED_NAMES or name in ("k", "request_timestamp"):
            raise ValueError(
                f"{key}.{name}: this name is reserved; choose another and give `column: {name}`"
            )
        number = name.removesuffix("_bucket")
        if number != name and number in (VALUE, *declared):
            raise ValueError(
                f"{key}.{name}: this is the name of the quantile bucket of {number!r}; "
                f"choose another and give `column: {name}`"
            )
        if settings.kind not in allowed:
            kinds = ", ".join(kind.value for kind in allowed)
            raise ValueError(
                f"{key}.{name}: kind {settings.kind.value!r} is not allowed here; expected one of "
                f"{kinds}"
            )
