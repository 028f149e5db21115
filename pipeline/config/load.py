"""Reads a YAML file, applies overrides and returns validated `Settings`."""

import os
import re
from collections.abc import Iterable
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.config.beam_args import check_beam_args
from pipeline.config.consistency import check_consistency
from pipeline.config.former_names import replace_former_names
from pipeline.config.validation_messages import explain
from schemas.errors import InputError
from schemas.features import feature_table
from schemas.settings import Settings, from_dict

# In these sections `title: text` is short for `title: {kind: text}`.
_FEATURE_MAPS = (("items", "features"), ("users", "features"), ("interactions", "context"))


class _StrictLoader(yaml.SafeLoader):
    """YAML's safe loader, which also rejects duplicate keys and reads `2024-01-01` as text.

    Of integers, it reads only those in the usual notation, such as 12 and -3, as numbers.

    YAML forbids duplicate keys, but PyYAML keeps the last one. Dates are parsed by the settings
    that use them.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                start = node.value[position][0].start_mark
                message = f"the key {key!r} occurs twice; remove one of them"
                raise yaml.constructor.ConstructorError(None, None, message, start)
        return super().construct_mapping(node, deep)


# YAML 1.1 also reads 010 as 8, 1:30 as 90 and 0x10 as 16. As text they are kept as written where an
# id or an event type is meant, and still are numbers where a number is meant.
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_StrictLoader.yaml_implicit_resolvers = {
    letter: [
        (tag, _INTEGER if tag.endswith(":int") else pattern)
        for tag, pattern in resolvers
        if not tag.endswith(":timestamp")
    ]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_settings(path: str, overrides: Iterable[str] = (), output: str | None = None) -> Settings:
    """Returns the settings of a configuration file.

    Args:
      path: The YAML file.
      overrides: Texts of the form `key.sub=value`; values are parsed as YAML.
      output: The run directory, if it differs from the one in the file.

    Raises:
      InputError: The file cannot be read, is not valid YAML, or contains an invalid key or value.
        The message names the file, the key and the nearest valid key.
    """
    return parse_settings(_read_yaml(path), path, overrides, output)


def settings_of_text(text: str, path: str) -> Settings:
    """Returns the settings of a configuration that is about to be written to a file.

    Args:
      text: The configuration as YAML.
      path: The file, for messages.

    Raises:
      InputError: It is not valid, as for `load_settings`.
    """
    return parse_settings(_parse_yaml(text, path), path)


def parse_settings(
    values: dict[str, Any], path: str, overrides: Iterable[str] = (), output: str | None = None
) -> Settings:
    """Returns the settings that the plain values of a configuration describe.

    Args:
      values: Values as in a YAML file; modified in place.
      path: The file that contains them, for messages.
      overrides: Texts of the form `key.sub=value`; values are parsed as YAML.
      output: The run directory, if it differs from the one in `values`.

    Raises:
      InputError: A key or value is invalid, as for `load_settings`.
    """
    replace_former_names(values, path)
    for override in overrides:
        _apply_override(values, override)
    if output is not None:
        values["output"] = output
    replace_former_names(values, path)
    expand_short_features(values)
    try:
        settings = from_dict(Settings, values)
        feature_table(settings.data)
    except ValidationError as error:
        raise InputError(f"{path}: {explain(error)}") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    check_consistency(path, settings)
    check_beam_args(path, settings.beam.args)
    return settings


def _read_yaml(path: str) -> dict[str, Any]:
    if not os.path.exists(path):
        raise InputError(
            f"{path}: no such configuration file; `twotower init LOG` writes one for a log, and "
            "complete examples are in pipeline/configs/"
        )
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    return _parse_yaml(text, path)


def _parse_yaml(text: str, path: str) -> dict[str, Any]:
    try:
        values = yaml.load(text, Loader=_StrictLoader)
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected a mapping of keys to values, got {values!r}")
    return values


def _apply_override(values: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise InputError(f"--set {override}: expected key.sub=value, e.g. --set train.max_epochs=3")
    try:
        value = yaml.load(text, Loader=_StrictLoader)
    except yaml.YAMLError as error:
        raise InputError(f"--set {override}: the value is not valid YAML: {error}") from error
    *parents, last = key.split(".")
    section = values
    for parent in parents:
        if section.get(parent) is None:
            section[parent] = {}
        section = section[parent]
        if not isinstance(section, dict):
            raise InputError(f"--set {override}: {parent} is a value, not a section")
    section[last] = value


def expand_short_features(values: dict[str, Any]) -> None:
    """Replaces the short form `title: text` of a feature by `title: {kind: text}`, in place."""
    for section, key in _FEATURE_MAPS:
        declared = (values.get(section) or {}).get(key) if _is_section(values, section) else None
        if isinstance(declared, dict):
            for name, kind in declared.items():
                if isinstance(kind, str):
                    declared[name] = {"kind": kind}


def _is_section(values: dict[str, Any], section: str) -> bool:
    return isinstance(values.get(section), dict)
