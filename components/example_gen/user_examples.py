"""The examples of one user: windows, single events, and the row of the users' table."""

from collections.abc import Sequence

from components.example_gen import encode as e
from components.example_gen.windows import Window
from schemas import features as f
from schemas.events import InteractionEvent

FeatureValues = Sequence[str | float]
FLOAT32_BYTES = 4


def single_features(features: Sequence[f.Feature], values: FeatureValues) -> list[bytes]:
    """One encoded value per feature."""
    return [
        e.float_feature(feature.name, e.float_values([float(value)]))
        if feature.is_number
        else e.bytes_feature(feature.name, e.text_value(str(value)))
        for feature, value in zip(features, values, strict=True)
    ]


def missing_values(features: Sequence[f.Feature]) -> tuple[str | float, ...]:
    """What stands for features of a user that the users file lacks."""
    return tuple(f.MISSING_NUMBER if x.is_number else f.MISSING_TEXT for x in features)


def user_example(user_id: str, table: f.FeatureTable, values: FeatureValues) -> bytes:
    """One row of the `users` split (`schemas.tfmd.users_schema`)."""
    head = e.bytes_feature(f.USER_ID, e.text_value(user_id))
    return e.example([head, *single_features(table.user, values)])


class UserEvents:
    """One user's kept events, each encoded once, and the examples made of them."""

    def __init__(
        self,
        user_id: str,
        events: Sequence[InteractionEvent],
        user_values: FeatureValues,
        table: f.FeatureTable,
    ):
        self._user = b"".join(
            [
                e.bytes_feature(f.USER_ID, e.text_value(user_id)),
                *single_features(table.user, user_values),
            ]
        )
        self._items = [e.text_value(event.item_id) for event in events]
        self._times = [e.varint(event.timestamp) for event in events]
        self._types = [e.text_value(event.event_type) for event in events]
        self._values = e.float_values(event.value for event in events)
        self._context = list(table.context)
        columns = list(zip(*(event.context for event in events), strict=True))
        self._texts = {
            feature.name: [e.text_value(str(value)) for value in column]
            for feature, column in zip(self._context, columns, strict=True)
            if not feature.is_number
        }
        self._numbers = {
            feature.name: e.float_values(map(float, column))
            for feature, column in zip(self._context, columns, strict=True)
            if feature.is_number
        }

    def window(self, window: Window) -> bytes:
        """One example of the `windows` splits (`schemas.tfmd.windows_schema`)."""
        is_target = bytearray(window.end - window.begin)
        for position in window.targets:
            is_target[position - window.begin] = 1
        events = self._between(window.begin, window.end)
        return e.example([self._user, *events, e.int_feature(f.IS_TARGET, bytes(is_target))])

    def event(self, position: int) -> bytes:
        """One example of the `events` split (`schemas.tfmd.events_schema`)."""
        return e.example([self._user, *self._between(position, position + 1)])

    def _between(self, begin: int, end: int) -> list[bytes]:
        floats = slice(begin * FLOAT32_BYTES, end * FLOAT32_BYTES)
        features = [
            e.bytes_feature(f.ITEM_ID, b"".join(self._items[begin:end])),
            e.int_feature(f.TIMESTAMP, b"".join(self._times[begin:end])),
            e.bytes_feature(f.EVENT_TYPE, b"".join(self._types[begin:end])),
            e.float_feature(f.VALUE, self._values[floats]),
        ]
        for feature in self._context:
            if feature.is_number:
                encoded = e.float_feature(feature.name, self._numbers[feature.name][floats])
            else:
                joined = b"".join(self._texts[feature.name][begin:end])
                encoded = e.bytes_feature(feature.name, joined)
            features.append(encoded)
        return features
