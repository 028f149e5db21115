"""The transformed features as inputs of the towers, each with its missing value."""

from dataclasses import dataclass

import tensorflow_transform as tft

from components.negative_events_graph import UNKNOWN
from schemas.features import EVENT_TYPE, USER_ID, VALUE, Feature, FeatureTable
from schemas.source_settings import FeatureKind
from schemas.transformed import IS_NEGATIVE, NUM_BUCKETS, bucket_name

# Fills up padded bags; it is the index of no vocabulary entry.
BAG_PADDING = -1


@dataclass(frozen=True)
class InputFeature:
    """A transformed feature. A number has two columns, every other kind has one.

    Attributes:
      name: The name of the feature in the transformed data: its key, not the user's name.
      kind: The kind after Transform, in which a `timestamp` is a number.
      num_values: The number of vocabulary entries or buckets. The index `num_values` represents a
        missing or unknown value.
    """

    name: str
    kind: FeatureKind
    num_values: int

    @property
    def is_bag(self) -> bool:
        """Whether a value is a list of indices, of any length."""
        return self.kind in (FeatureKind.TEXT, FeatureKind.CATEGORIES)

    @property
    def missing(self) -> dict[str, int | float]:
        """The missing value after Transform, by column."""
        if self.is_bag:
            return {self.name: BAG_PADDING}
        if self.kind is FeatureKind.NUMBER:
            return {self.name: 0.0, bucket_name(self.name): self.num_values}
        return {self.name: self.num_values}


@dataclass(frozen=True)
class TowerFeatures:
    """The input features of the towers.

    Attributes:
      user_id: The user's index in the vocabulary of users.
      user: Features of the user.
      context: Features of an event that are known at its time, before its item is.
      outcome: Features of an event that are known only afterwards: its type and value, and its
        state as negative feedback (`components.negative_events`) if some events are.
      item: Features of an item, without its id.
    """

    user_id: InputFeature
    user: tuple[InputFeature, ...]
    context: tuple[InputFeature, ...]
    outcome: tuple[InputFeature, ...]
    item: tuple[InputFeature, ...]

    @property
    def has_negatives(self) -> bool:
        """Whether some events are explicit negative feedback, by the settings."""
        return any(feature.name == IS_NEGATIVE for feature in self.outcome)

    @property
    def outcome_columns(self) -> frozenset[str]:
        """The columns of the features that are known only after an event."""
        return frozenset(name for feature in self.outcome for name in feature.missing)

    @property
    def event(self) -> tuple[InputFeature, ...]:
        """All features of a past event, without its item and time."""
        return (*self.outcome, *self.context)


def tower_features(
    table: FeatureTable,
    windows: tft.TFTransformOutput,
    catalogue: tft.TFTransformOutput,
    num_users: int,
    has_negatives: bool = False,
) -> TowerFeatures:
    """Reads the vocabulary sizes from the two transform graphs.

    Args:
      table: The features of the configuration.
      windows: The transform graph of the windows.
      catalogue: The transform graph of the catalogue.
      num_users: The number of users with an index of their own.
      has_negatives: Whether the settings define explicit negative feedback.

    Raises:
      ValueError: The vocabulary of a feature is missing from a transform graph.
    """
    return TowerFeatures(
        user_id=InputFeature(USER_ID, FeatureKind.CATEGORY, num_users),
        user=tuple(_input_feature(feature, windows) for feature in table.user),
        context=tuple(_input_feature(feature, windows) for feature in table.context),
        outcome=(
            _vocabulary_feature(EVENT_TYPE, windows),
            InputFeature(VALUE, FeatureKind.NUMBER, NUM_BUCKETS),
            *((_NEGATIVE_STATE,) if has_negatives else ()),
        ),
        item=tuple(_input_feature(feature, catalogue) for feature in table.item),
    )


# A state that is unknown is a missing value.
_NEGATIVE_STATE = InputFeature(IS_NEGATIVE, FeatureKind.CATEGORY, UNKNOWN)


def _vocabulary_feature(name: str, graph: tft.TFTransformOutput) -> InputFeature:
    return InputFeature(name, FeatureKind.CATEGORY, graph.vocabulary_size_by_name(name))


def _input_feature(feature: Feature, graph: tft.TFTransformOutput) -> InputFeature:
    if feature.is_number or feature.is_timestamp:
        return InputFeature(feature.key, FeatureKind.NUMBER, NUM_BUCKETS)
    size = graph.vocabulary_size_by_name(feature.key)
    return InputFeature(feature.key, feature.kind, size)
