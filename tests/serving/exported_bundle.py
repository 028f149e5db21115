"""Bundles without their probe, which takes a process of its own."""

from typing import Any

from components.indexer.bundle_parts import choose_parts, export_bundle
from components.indexer.search.choose_index import ChosenIndex
from schemas.serving_settings import IndexSettings
from schemas.settings import DataSettings


def export_index(
    model_path: str,
    catalogue_uri: str,
    windows_uri: str,
    bundle_uri: str,
    data: DataSettings,
    settings: IndexSettings,
) -> tuple[ChosenIndex, dict[str, Any]]:
    """Does all of `build_bundle` except the probe; returns the index and its report."""
    parts = choose_parts(model_path, catalogue_uri, windows_uri, data, settings)
    return parts.index, export_bundle(parts, bundle_uri, settings)
