"""Finds the version from whose towers a training starts, before the run starts.

The version is a parameter of the training, so that an unchanged run is taken from the cache,
although it reads what serves.
"""

import json
from dataclasses import replace

from components.current_model.find import find_current_model
from components.pusher.manifest import read_manifest
from components.trainer.state.warm_start import WarmStart
from pipeline.paths import RunPaths
from pipeline.runners.cache_keys import CacheKeys
from schemas.settings import Settings


def with_warm_start(keys: CacheKeys, settings: Settings, paths: RunPaths) -> CacheKeys:
    """Adds the version that serves to the cache keys if `train.warm_start` is true.

    A version that was made from the same data has nothing new to learn. Its own starting point
    takes its place, so that a second, unchanged run is answered from the cache, and a run with
    other settings starts as the one before.

    Args:
      keys: The cache keys of the run.
      settings: Settings of the run.
      paths: Paths of the run, with the push destination.

    Raises:
      InputError: What serves has no readable manifest, or its twin is missing.
    """
    if not settings.train.warm_start:
        return keys
    current = find_current_model(paths.serving_dir, paths.portable_dir)
    if current.version is None or current.serving_path is None or current.towers_path is None:
        return keys
    manifest = read_manifest(current.serving_path)
    if manifest.provenance.get("data") == keys.data:
        base = manifest.provenance.get("warm_start")
        return replace(keys, warm_start_from=json.dumps(base, sort_keys=True) if base else "")
    base = WarmStart(current.version, manifest.content_hash, current.towers_path)
    return replace(keys, warm_start_from=base.to_json())
