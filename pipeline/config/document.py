"""Generates docs/configuration.md from the settings: `python -m pipeline.config.document`.

Each key states its type and range in its annotation, its default in its field, and its description,
unit and example in a `schemas.setting_doc.Doc`.
"""

import dataclasses
import sys
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import yaml

from schemas.setting_doc import Doc
from schemas.settings import Settings
from schemas.source_settings import FeatureSettings, SourceSettings

_HEADER = """# Configuration

Every key of the YAML file. This page is generated from `schemas/` by `make docs`; edit the fields
there. `twotower run FILE --set KEY=VALUE` overrides a key, for example `--set train.max_epochs=5`.
An unknown key or an invalid value is an error that names the key and the nearest valid one. A
smallest complete file is in the [README](../README.md#your-own-log), larger ones are in
`pipeline/configs/`.

Where the default is "chosen by the recipe", the trainer chooses the value from statistics of the
log and reports it with its reason: see [training](training.md#the-recipe).
"""
_COLUMNS = ("key", "value", "default", "description", "example")
_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
_NAMES = {str: "text", int: "integer", float: "number", bool: "true or false"}


@dataclass(frozen=True)
class Key:
    """A documented key.

    Attributes:
      name: Its dotted name in the configuration file.
      hint: Its annotation, with metadata.
      doc: Its documentation.
      default: The default of its field; `dataclasses.MISSING` where the key is required.
      section: The settings class of a nested section, else None.
    """

    name: str
    hint: Any
    doc: Doc
    default: Any
    section: type | None


def keys_of(settings: type, prefix: str = "") -> Iterator[Key]:
    """Yields every key of a settings class and of its sections, in declared order.

    Keys that all sources share are left out of `interactions`, `items` and `users`.

    Args:
      settings: A settings dataclass.
      prefix: Dotted name of its section, with a final dot; "" at the top.

    Raises:
      TypeError: A field has no `Doc`.
    """
    hints = get_type_hints(settings, include_extras=True)
    shared = _shared_names(settings)
    for field in dataclasses.fields(settings):
        if field.name in shared:
            continue
        name = prefix + field.name
        doc = _doc(hints[field.name])
        if doc is None:
            raise TypeError(f"{settings.__name__}.{field.name}: no Doc in its annotation")
        section = _section(hints[field.name])
        yield Key(name, hints[field.name], doc, _default(field), section)
        if section is not None:
            yield from keys_of(section, name + ".")


def render() -> str:
    """Returns the page as Markdown."""
    parts = [_HEADER]
    top = list(keys_of(Settings))
    parts += ["## Top level\n", _table(key for key in top if "." not in key.name)]
    parts += [
        "## Sources\n",
        "Keys that `interactions`, `items` and `users` share; see [ingestion](ingestion.md).\n",
        _table(keys_of(SourceSettings)),
        "## Features\n",
        "Keys of each entry of `interactions.context`, `items.features` and `users.features`. "
        "`title: text` is short for `title: {kind: text}`.\n",
        _table(keys_of(FeatureSettings)),
    ]
    for section in (key for key in top if "." not in key.name and key.section is not None):
        nested = [key for key in top if key.name.startswith(section.name + ".")]
        parts += [f"## {section.name}\n", f"{_summary(section.section)}\n", _table(nested)]
    return "\n".join(parts)


def _shared_names(settings: type) -> frozenset[str]:
    if settings is SourceSettings or not issubclass(settings, SourceSettings):
        return frozenset()
    return frozenset(field.name for field in dataclasses.fields(SourceSettings))


def _doc(hint: Any) -> Doc | None:
    found = [entry for entry in getattr(hint, "__metadata__", ()) if isinstance(entry, Doc)]
    return found[0] if found else None


def _section(hint: Any) -> type | None:
    """The settings class of a nested section: of `X` and `X | None`, but not of a mapping to X."""
    for option in _options(hint):
        if dataclasses.is_dataclass(option) and isinstance(option, type):
            return option
    return None


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _summary(section: type | None) -> str:
    """The docstring of a settings class as one paragraph per block of lines."""
    paragraphs = (getattr(section, "__doc__", None) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _options(hint: Any) -> list[Any]:
    """The alternatives of a union, without metadata and None."""
    if get_origin(hint) is Annotated:
        return _options(get_args(hint)[0])
    if get_origin(hint) in (typing.Union, types.UnionType):
        return [found for option in get_args(hint) for found in _options(option)]
    return [] if hint is type(None) else [hint]


def _table(keys: typing.Iterable[Key]) -> str:
    rows = [_row(_COLUMNS), _row(["---"] * len(_COLUMNS)), *(_row(_cells(key)) for key in keys)]
    return "\n".join(rows) + "\n"


def _cells(key: Key) -> tuple[str, ...]:
    example = f"`{_yaml(key.doc.example)}`"
    return f"`{key.name}`", _value(key), _shown_default(key), key.doc.text, example


def _row(cells: typing.Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _value(key: Key) -> str:
    """Type, range and unit of a key."""
    if key.section is not None:
        return "section"
    kinds = list(dict.fromkeys(_kind(option) for option in _options(key.hint)))
    bounds = [
        f"{word} {getattr(entry, name):g}"
        for entry in _constraints(key.hint)
        for name, word in _BOUNDS.items()
        if getattr(entry, name, None) is not None
    ]
    text = " or ".join(kinds) + (f", {', '.join(bounds)}" if bounds else "")
    return f"{text} ({key.doc.unit})" if key.doc.unit else text


def _kind(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list of {_kind(_options(arguments[0])[0])}"
    if origin is dict:
        value = _options(arguments[1])[0]
        kind = "a feature" if value is FeatureSettings else _kind(value)
        return f"mapping of names to {kind}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return ", ".join(f"`{member.value}`" for member in hint)
    return _NAMES[hint]


def _constraints(hint: Any) -> Iterator[Any]:
    """The range constraints in an annotation, at any depth of `Annotated` and unions."""
    for entry in getattr(hint, "__metadata__", ()):
        yield from getattr(entry, "metadata", ())
    for argument in get_args(hint):
        yield from _constraints(argument)


def _shown_default(key: Key) -> str:
    if key.default is dataclasses.MISSING:
        return "required"
    if key.section is not None and key.default is not None:
        return "see its keys"
    if key.doc.default and (key.default is None or not key.default):
        return key.doc.default
    if key.default is None:
        return "none"
    if key.default in ((), {}):
        return "empty"
    return f"`{_yaml(key.default)}`"


def _yaml(value: Any) -> str:
    """A value as one line of YAML."""
    plain = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


if __name__ == "__main__":
    sys.stdout.write(render())
