"""Which columns of a log are the time, the event type, the value and the id of an event."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow.compute as pc

from pipeline.init.certainty import Certainty, Choice
from pipeline.init.column import Column
from pipeline.init.time_reading import TimeReading, find_reading
from pipeline.init.words import Role, has_id_word, is_descriptive, name_score, words_of

# A name with the word of a role at its end, such as `customer_id`.
_NAMED = 0.6
_MAX_EVENT_TYPES = 50
_UNIQUE = 0.9
_TYPE_WORDS = (
    "view click clicks purchase purchased buy cart carts order orders like dislike fav favorite "
    "favourite pv addtocart add_to_cart add-to-cart transaction play played skip share save "
    "impression watch listen rating rate bookmark wishlist remove remove_from_cart checkout "
    "page_view item_view detail"
)
_EVENT_TYPES = frozenset(_TYPE_WORDS.split())
# Parts of the names of times that are properties of a user, an item or a later step of an order.
_PROPERTY_TIME_WORDS = (
    "birth birthday birthdate born dob release released publish published publication launch "
    "launched expiry expires expiration due deliver delivered delivery ship shipped shipping "
    "updated modified join joined signup registered registration"
)
_PROPERTY_TIMES = frozenset(_PROPERTY_TIME_WORDS.split())
_CLOCK = r"^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$"


@dataclass(frozen=True)
class TimeChoice:
    """The column of the time of an event, or a column of dates and one of times of day.

    Attributes:
      columns: The columns.
      reading: How they are read.
      choice: How sure the choice is.
    """

    columns: tuple[str, ...]
    reading: TimeReading
    choice: Choice


def choose_time(columns: Mapping[str, Column], wanted: str | None = None) -> TimeChoice | None:
    """Returns the column of times; None if no column has times.

    Args:
      columns: The columns by name.
      wanted: The column that the user names.
    """
    readings = {
        name: column.time
        for name, column in columns.items()
        if column.time is not None and wanted in (None, name)
    }
    if not readings:
        return None
    scores = {name: _time_score(name, reading) for name, reading in readings.items()}
    best = max(scores, key=lambda name: scores[name])
    reading = readings[best]
    if reading.is_date and (pair := _with_clock(best, columns)):
        return pair
    rivals = [name for name, score in scores.items() if name != best and score == scores[best]]
    others = f"; other times are {', '.join(readings.keys() - {best})}" if len(readings) > 1 else ""
    if wanted:
        certainty, reason = Certainty.CERTAIN, "given by --column"
    elif reading.is_counter or reading.alternatives:
        certainty, reason = Certainty.GUESS, "the name, but not certainly a time"
    elif rivals:
        certainty, reason = Certainty.GUESS, f"the first of {len(rivals) + 1} such columns"
    elif _is_property(best) or (name_score(best, Role.TIME) == 0 and len(readings) > 1):
        certainty, reason = Certainty.LIKELY, "its values"
    else:
        certainty, reason = Certainty.CERTAIN, "its values"
    return TimeChoice((best,), reading, Choice(best, certainty, reason + others))


def _time_score(name: str, reading: TimeReading) -> float:
    usable = 0.0 if reading.conversion else 1.0
    named = -1.0 if _is_property(name) else 2 * name_score(name, Role.TIME)
    return usable + reading.share + named - 2 * reading.is_counter


def _is_property(name: str) -> bool:
    return not _PROPERTY_TIMES.isdisjoint(words_of(name))


def _with_clock(name: str, columns: Mapping[str, Column]) -> TimeChoice | None:
    """Returns a column of dates with the column of times of day that belongs to it, if any."""
    for other, column in columns.items():
        is_clock = pc.match_substring_regex(column.distinct, _CLOCK)
        if other == name or not len(is_clock) or not pc.all(is_clock).as_py():
            continue
        joined = pc.binary_join_element_wise(columns[name].texts, column.texts, " ")
        reading = find_reading(name, [], pc.unique(joined))
        if reading is not None:
            choice = Choice(name, Certainty.LIKELY, f"dates, with the times of day in {other}")
            return TimeChoice((name, other), reading, choice)
    return None


def choose_event_type(columns: Iterable[Column]) -> Choice | None:
    """Returns the column of the event type, if any."""
    scored = [(score, column) for column in columns if (score := _type_score(column)) > 0]
    if not scored:
        return None
    score, column = max(scored, key=lambda pair: pair[0])
    certainty = Certainty.CERTAIN if score > 1 else Certainty.LIKELY
    types = ", ".join(f"{name} {count:,}" for name, count in list(column.counts.items())[:8])
    return Choice(column.name, certainty, types)


def _type_score(column: Column) -> float:
    num_types = column.num_distinct
    if column.is_list or not 1 <= num_types <= min(_MAX_EVENT_TYPES, column.num_present / 2):
        return 0.0
    words = {text.lower() for text in column.distinct.to_pylist()}
    is_known = len(words & _EVENT_TYPES) >= len(words) / 2
    named = name_score(column.name, Role.EVENT_TYPE)
    is_number = column.number_share == 1.0
    if named < _NAMED and not (is_known and not is_number):
        return 0.0
    if is_descriptive(column.name) or (is_number and not column.is_whole):
        return 0.0
    return named + is_known


def choose_value(columns: Iterable[Column], has_names: bool) -> Choice | None:
    """Returns the column of a rating, an amount or a duration, if any.

    Args:
      columns: The columns that have no other role.
      has_names: Whether the files name their columns.
    """
    numeric = [
        column
        for column in columns
        if not column.is_list and column.number_share >= _UNIQUE and not has_id_word(column.name)
    ]
    if not has_names:
        few = [column for column in numeric if 1 < column.num_distinct <= _MAX_EVENT_TYPES]
        return Choice(few[0].name, Certainty.GUESS, _range(few[0])) if len(few) == 1 else None
    named = [column for column in numeric if name_score(column.name, Role.VALUE) >= _NAMED]
    if not named:
        return None
    best = max(named, key=lambda column: name_score(column.name, Role.VALUE))
    return Choice(best.name, Certainty.LIKELY, f"the name; {_range(best)}")


def _range(column: Column) -> str:
    return f"numbers from {column.numbers.min():g} to {column.numbers.max():g}"


def choose_event_id(columns: Iterable[Column]) -> Choice | None:
    """Returns the column of the event's own id, if any."""
    for column in columns:
        words = name_score(column.name, Role.EVENT_ID)
        if words >= _NAMED and has_id_word(column.name) and column.uniqueness >= _UNIQUE:
            reason = f"the name; {column.uniqueness:.1%} of the values occur once"
            return Choice(column.name, Certainty.LIKELY, reason)
    return None
