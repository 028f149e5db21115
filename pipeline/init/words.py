"""What the name of a column says about its role."""

import re
from enum import Enum


class Role(str, Enum):
    """What a column of the log, the catalogue or the users file is for."""

    USER = "user_id"
    ITEM = "item_id"
    TIME = "timestamp"
    EVENT_TYPE = "event_type"
    VALUE = "value"
    EVENT_ID = "event_id"
    CONTEXT = "context"
    AVAILABLE_AT = "available_at"


# Words of names, the usual ones first: of two columns with words of one role, the earlier word
# counts more.
_WORDS = {
    Role.USER: (
        "user visitor customer client member reviewer buyer shopper account profile subscriber "
        "person viewer listener reader player patient student cust uid cookie anonymous session "
        "household device"
    ),
    Role.ITEM: (
        "item product article movie film sku book asin isbn aid song track artist video content "
        "doc document news recipe listing game app show episode album course job hotel venue poi "
        "restaurant business place beer good page object entity iid pid mid ad url"
    ),
    Role.TIME: "timestamp time ts datetime date day created occurred at when t month year",
    Role.EVENT_TYPE: "event type action behavior behaviour activity interaction verb kind",
    Role.VALUE: (
        "rating score stars overall value weight count plays playcount playtime watchtime dwell "
        "duration hours quantity qty price amount"
    ),
    Role.EVENT_ID: "event interaction review message log impression hit record id uuid",
    Role.CONTEXT: (
        "device platform os browser channel source medium page surface app country region city "
        "language locale"
    ),
    Role.AVAILABLE_AT: (
        "added listed created published available launched onboarded release released add list "
        "publish launch"
    ),
}
_WORD_LISTS = {role: tuple(words.split()) for role, words in _WORDS.items()}
# Parts of names that say nothing about the role. The last ones are types in headers of RecBole.
_IDS = frozenset({"id", "ids", "key", "code", "no", "nr", "num", "uuid", "hash", "guid", "idx"})
_FILLERS = _IDS | {"parent", "unix", "raw", "new", "token", "float", "seq", "str", "the", "of"}
# Columns of such names are neither users nor items.
_DESCRIPTIVE_WORDS = (
    "category categories genre genres brand color colour size gender age title name description "
    "text summary comment city country region state zip language occupation currency tag tags "
    "position rank referrer agent ip"
)
_DESCRIPTIVE = frozenset(_DESCRIPTIVE_WORDS.split())
_TITLES = frozenset({"title", "name", "description", "text", "summary"})
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LAST, _ANY, _PER_PLACE = 1.0, 0.6, 0.005


def words_of(name: str) -> list[str]:
    """Returns the parts of a name in lower case, `id` at the end of a part split off.

    >>> words_of("reviewerID"), words_of("events.item_id"), words_of("visitorid")
    (['reviewer', 'id'], ['events', 'item', 'id'], ['visitor', 'id'])
    """
    words: list[str] = []
    for part in (found.lower() for found in _PART.findall(name)):
        stem = part.removesuffix("id")
        known = stem != part and any(stem in listed for listed in _WORD_LISTS.values())
        words += [stem, "id"] if known else [part]
    return words


def has_id_word(name: str) -> bool:
    """Returns whether a name has a part such as `id` or `key`."""
    return any(word in _IDS for word in words_of(name))


def name_score(name: str, role: Role) -> float:
    """Returns how well the name of a column suits a role: 0 (not at all) to 1.

    >>> name_score("customer_id", Role.USER) > name_score("customer_age", Role.USER) > 0
    True
    >>> name_score("price", Role.USER)
    0.0
    """
    words = words_of(name)
    meaningful = [word for word in words if word not in _FILLERS] or words
    listed = _WORD_LISTS[role]
    singular = [word if word in listed else word.removesuffix("s") for word in meaningful]
    found = [listed.index(word) for word in singular if word in listed]
    if not found:
        return 0.0
    strength = _LAST if singular[-1] in listed else _ANY
    return strength - _PER_PLACE * min(found)


def is_descriptive(name: str) -> bool:
    """Returns whether a name is that of a property, such as a colour, not of a user or item."""
    return not _DESCRIPTIVE.isdisjoint(words_of(name)) and not has_id_word(name)


def is_title(name: str) -> bool:
    """Returns whether a name is that of a title or another text."""
    return not _TITLES.isdisjoint(words_of(name))


def is_known_name(name: str) -> bool:
    """Returns whether a text is the name of a column in many logs."""
    return any(name_score(name, role) >= _LAST - 0.5 for role in Role) or is_descriptive(name)
