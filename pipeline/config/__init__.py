"""Configuration: a YAML file is validated once and becomes frozen dataclasses."""

from pipeline.config.load import load_settings, parse_settings

__all__ = ["load_settings", "parse_settings"]
