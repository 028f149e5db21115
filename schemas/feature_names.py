"""The names of features: what a user may choose, and the key that the project uses in its place.

A user's name may be any text. It stays in configurations, requests, curated schemas, messages and
reports. Files of tf.Examples, vocabularies and TensorFlow graphs use the feature's key instead,
which TensorFlow accepts everywhere and which is equal to no internal name.
"""

import hashlib
import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable

from schemas.request_names import FILTER_PREFIX, HISTORY_PREFIX

# Keys contain no dot, so that an internal name with a dot differs from every key.
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# Prefix of the names in graphs of bounds and weights: with the names of requests, those of a number
# `price` would be equal to those of a category `price_min`.
CONDITION_PREFIX = "twotower_"
# Prefixes of the inputs of requests that are derived from features.
_INPUT_PREFIXES = (HISTORY_PREFIX, FILTER_PREFIX, "exclude_", CONDITION_PREFIX)
# Longest name that is its own key: the name of a vocabulary file has at most 255 bytes.
_MAX_PLAIN_CHARACTERS = 200
_KEY_PREFIX = "name_"
_DIGEST_CHARACTERS = 16
_MAX_READABLE_CHARACTERS = 40
_DERIVED_KEY = re.compile(rf"{_KEY_PREFIX}[0-9a-f]{{{_DIGEST_CHARACTERS}}}(_.*)?", re.DOTALL)
# Control characters, surrogates, line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Format characters such as the zero-width space, and spaces.
_INVISIBLE = frozenset({"Cf", "Zs"})


def feature_key(name: str, reserved: Collection[str]) -> str:
    """Returns the key of a feature.

    A plain ASCII identifier is its own key, unless it is a keyword of Python, which cannot be an
    argument of a signature. The key of any other name consists of a digest of the name and of a
    readable part.

    >>> feature_key("price", {"value"}), feature_key("value", {"value"})
    ('price', 'name_cd42404d52ad55cc_value')

    Args:
      name: The user's name.
      reserved: Lower-case names that are no keys. TensorFlow does not distinguish upper and lower
        case in the names of operations.
    """
    is_plain = (
        _PLAIN_NAME.fullmatch(name)
        and len(name) <= _MAX_PLAIN_CHARACTERS
        and not keyword.iskeyword(name)
    )
    lower = name.lower()
    is_derived = name.startswith(_INPUT_PREFIXES) or lower.startswith(CONDITION_PREFIX)
    if is_plain and not is_derived and lower not in reserved:
        return name
    return derived_key(name)


def derived_key(name: str) -> str:
    """Returns the key of a name that is not its own key: a digest, then a readable part.

    >>> derived_key("Größe (cm)")
    'name_ac079a7818cf791e_grosse_cm'
    """
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    letters = unicodedata.normalize("NFKD", name.casefold())
    marks_removed = "".join(x for x in letters if not unicodedata.combining(x))
    readable = re.sub("[^a-z0-9]+", "_", marks_removed).strip("_")[:_MAX_READABLE_CHARACTERS]
    return f"{_KEY_PREFIX}{digest}_{readable}".rstrip("_")


def feature_keys(names: Iterable[str], reserved: Collection[str]) -> dict[str, str]:
    """Returns the keys of features of one request, which differ in more than upper and lower case.

    >>> feature_keys(["age", "Age", "Price"], ())
    {'age': 'age', 'Age': 'name_39b7370f30a36139_age', 'Price': 'Price'}
    """
    keys = {name: feature_key(name, reserved) for name in names}
    lower = [key.lower() for key in keys.values()]
    return {
        name: derived_key(name) if key != key.lower() and lower.count(key.lower()) > 1 else key
        for name, key in keys.items()
    }


def check_name(place: str, name: str) -> None:
    """Checks that a text can be a feature's name.

    Args:
      place: The key of the configuration that contains the features.
      name: The name.

    Raises:
      ValueError: The text is empty, has spaces at its ends, contains a character that cannot be
        printed, or has the form of a key.
    """
    remedy = "choose another name and give the name in the file as `column:`"
    if not name or name != name.strip():
        raise ValueError(
            f"{place}.{name!r}: a feature's name must not be empty or begin or end with a space; "
            f"{remedy}"
        )
    if all(unicodedata.category(character) in _INVISIBLE for character in name):
        raise ValueError(f"{place}.{name!a}: the name consists of invisible characters; {remedy}")
    for character in name:
        if unicodedata.category(character) in _UNPRINTABLE:
            raise ValueError(
                f"{place}.{name!r}: the name contains the character {character!r}, which cannot be "
                f"printed; {remedy}"
            )
    if _DERIVED_KEY.fullmatch(name):
        raise ValueError(
            f"{place}.{name}: names that consist of {_KEY_PREFIX!r} and a digest are reserved; "
            f"{remedy}"
        )


def check_normal_forms(names: Iterable[tuple[str, str]]) -> None:
    """Checks that no two names differ only in their Unicode normalisation form.

    Args:
      names: Pairs of the place and the name of each feature.

    Raises:
      ValueError: Two names do, so that they look alike in every request.
    """
    known: dict[str, tuple[str, str]] = {}
    for place, name in names:
        known_place, known_name = known.setdefault(
            unicodedata.normalize("NFC", name), (place, name)
        )
        if known_name != name:
            raise ValueError(
                f"{known_place!a} and {place!a} differ only in their Unicode normalisation form, "
                "so that they look alike in every request: rename one, and give its name in the "
                "file as `column:`"
            )


def check_unambiguous(inputs: Iterable[tuple[str, str]]) -> None:
    """Checks that the inputs of a request have different names.

    Args:
      inputs: Pairs of the name and the origin of each input. A feature's origin is its place.

    Raises:
      ValueError: Two inputs have the same name.
    """
    origin_of: dict[str, str] = {}
    for name, origin in inputs:
        other = origin_of.setdefault(name, origin)
        if other != origin:
            raise ValueError(
                f"{origin}: a request would have two inputs with the name {name!r}, this one and "
                f"{other}; choose another name for the feature and give the present one as "
                "`column:`"
            )
