"""Configuration: one YAML file, checked once, into frozen dataclasses."""

from pipeline.config.load import load_settings

__all__ = ["load_settings"]
