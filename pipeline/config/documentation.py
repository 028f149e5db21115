"""The section of the documentation that describes the key in an error message."""

import dataclasses
import re

from schemas.settings import Settings
from schemas.source_settings import SourceSettings

PAGE = "docs/configuration.md"
_SOURCES = ("interactions", "items", "users")
_FEATURES = ("features", "context")
_SHARED = frozenset(field.name for field in dataclasses.fields(SourceSettings))
_TOP = tuple(field.name for field in dataclasses.fields(Settings))
_SECTIONS = frozenset(
    field.name
    for field in dataclasses.fields(Settings)
    if field.default_factory is not dataclasses.MISSING or field.name in (*_SOURCES, "deploy")
)
# A dotted key; or a key of the top level at the start of a sentence, with a colon.
_KEY = re.compile(
    rf"(?<![\w./-])(?:{'|'.join(_TOP)})(?:\.[A-Za-z_]\w*)+|(?:^|[;:] )(?:{'|'.join(_TOP)})(?=: )"
)


def documentation_of(message: str) -> str:
    """Returns the address of the section that describes the first key in a message; "" without one.

    >>> documentation_of("shop.yaml: train.max_epochs: 0 is not above 0")
    'docs/configuration.md#train'
    >>> documentation_of("log.csv: no column 'sku'; set interactions.csv.delimiter")
    'docs/configuration.md#sources'
    >>> documentation_of("the disk is full")
    ''
    """
    found = _KEY.search(message)
    if found is None:
        return ""
    return f"{PAGE}#{_section(found[0].lstrip(';: ').split('.'))}"


def error_text(message: str) -> str:
    """Returns the lines that a command prints for an error."""
    place = documentation_of(message)
    return f"error: {message}\n" + (f"See {place}\n" if place else "")


def _section(key: list[str]) -> str:
    """Returns the anchor of the section of a key."""
    top, *rest = key
    if top in _SOURCES and rest:
        if rest[0] in _SHARED:
            return "sources"
        if rest[0] in _FEATURES and len(rest) > 1:
            return "features"
    return top if top in _SECTIONS else "top-level"
