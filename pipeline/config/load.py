"""Reads a YAML file, applies overrides, and validates the whole into `Settings`."""

import os
from collections.abc import Iterable
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.config.beam_args import check_beam_args
from pipeline.config.consistency import check_consistency
from pipeline.config.former_names import replace_former_names
from pipeline.config.messages import explain
from schemas.errors import InputError
from schemas.features import feature_table
from schemas.settings import Settings, from_dict

# `title: text` is short for `title: {kind: text}` in these places.
_FEATURE_MAPS = (("items", "features"), ("users", "features"), ("interactions", "context"))


class _StrictLoader(yaml.SafeLoader):
    """YAML's safe loader, but a key may stand once, and `2024-01-01` stays text.

    YAML forbids a repeated key, which PyYAML would let the last one win. Instants are read by the
    split itself.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", node.value[place][0].start_mark
                )
        return super().construct_mapping(node, deep)


_StrictLoader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_settings(path: str, overrides: Iterable[str] = (), output: str | None = None) -> Settings:
    """Loads and checks a configuration.

    Args:
      path: A YAML file.
      overrides: `key.sub=value` texts; values are read as YAML.
      output: Replaces the run directory of the file.

    Raises:
      InputError: The file cannot be read, is not YAML, or holds a key or value that is not
        allowed. The message names the file, the key, and the nearest valid key.
    """
    return settings_of(_read_yaml(path), path, overrides, output)


def settings_of(
    values: dict[str, Any], path: str, overrides: Iterable[str] = (), output: str | None = None
) -> Settings:
    """Checks the plain values of a configuration, which overrides change in place.

    Args:
      values: As a YAML file holds them.
      path: Where they come from, for the messages.
      overrides: `key.sub=value` texts; values are read as YAML.
      output: Replaces the run directory.

    Raises:
      InputError: As for `load_settings`.
    """
    replace_former_names(values, path)
    for override in overrides:
        _apply_override(values, override)
    if output is not None:
        values["output"] = output
    replace_former_names(values, path)
    _expand_short_features(values)
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
            f"{path}: no such configuration file; the shipped ones are in pipeline/configs/"
        )
    try:
        with open(path, encoding="utf-8") as file:
            values = yaml.load(file, Loader=_StrictLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
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
    place = values
    for parent in parents:
        if place.get(parent) is None:
            place[parent] = {}
        place = place[parent]
        if not isinstance(place, dict):
            raise InputError(f"--set {override}: {parent} holds a value, not a section")
    place[last] = value


def _expand_short_features(values: dict[str, Any]) -> None:
    for section, key in _FEATURE_MAPS:
        declared = (values.get(section) or {}).get(key) if _is_section(values, section) else None
        if isinstance(declared, dict):
            for name, kind in declared.items():
                if isinstance(kind, str):
                    declared[name] = {"kind": kind}


def _is_section(values: dict[str, Any], section: str) -> bool:
    return isinstance(values.get(section), dict)
