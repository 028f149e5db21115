"""The version from whose towers a training starts, from what serves."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.pusher.manifest import read_manifest
from components.trainer.state.warm_start import WarmStart, read_warm_start
from pipeline.paths import RunPaths, run_paths
from pipeline.runners.cache_keys import CacheKeys
from pipeline.runners.warm_start import with_warm_start
from schemas.settings import Settings, from_dict
from tests.chain_dataset import write_chain_dataset
from tests.components.pusher.bundles import Destination

KEYS = CacheKeys("launch", "log 1", "catalogue 1")
BASE = {"version": "7", "content_hash": "abc", "towers_path": "elsewhere/7/towers"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    world = write_chain_dataset(tmp_path_factory.mktemp("world"))
    return from_dict(
        Settings, {**world, "name": "chain", "output": "run", "train": {"warm_start": True}}
    )


def paths(settings: Settings, destination: Destination) -> RunPaths:
    return replace(
        run_paths(settings),
        serving_dir=str(destination.serving),
        portable_dir=str(destination.portable),
    )


def started_from(
    settings: Settings, destination: Destination, keys: CacheKeys = KEYS
) -> WarmStart | None:
    return read_warm_start(
        with_warm_start(keys, settings, paths(settings, destination)).warm_start_from
    )


def test_the_first_training_starts_from_random_weights(settings: Settings, tmp_path: Path) -> None:
    assert started_from(settings, Destination(tmp_path)) is None


def test_without_the_setting_nothing_is_read(settings: Settings, tmp_path: Path) -> None:
    destination = Destination(tmp_path)
    destination.publish()
    cold = replace(settings, train=replace(settings.train, warm_start=False))

    assert with_warm_start(KEYS, cold, paths(cold, destination)) == KEYS


def test_new_data_starts_from_the_proven_towers_that_serve(
    settings: Settings, tmp_path: Path
) -> None:
    destination = Destination(tmp_path)
    published = destination.publish(provenance={"data": {"interactions": "log 0"}})

    assert started_from(settings, destination) == WarmStart(
        published.version,
        read_manifest(published.serving_path).content_hash,
        f"{published.portable_path}/assets.extra/proven_towers",
    )


@pytest.mark.parametrize("base", [None, BASE], ids=["random weights", "an earlier version"])
def test_the_same_data_starts_where_its_version_started(
    settings: Settings, tmp_path: Path, base: dict[str, Any] | None
) -> None:
    """Otherwise no run would be taken from the cache, since each one changes what serves."""
    destination = Destination(tmp_path)
    destination.publish(provenance={"data": KEYS.data, "warm_start": base})

    assert started_from(settings, destination) == (WarmStart(**base) if base else None)


def test_the_parameter_of_the_training_is_readable_json(settings: Settings) -> None:
    text = WarmStart(**BASE).to_json()

    assert json.loads(text) == BASE
    assert read_warm_start(text) == WarmStart(**BASE)
    assert read_warm_start("") is None
