"""A small demo world, simulated once for all tests of this folder."""

import pytest

from pipeline.demo.settings import WorldSettings
from pipeline.demo.simulate import Log, simulate
from pipeline.demo.world import World, build_world


@pytest.fixture(scope="session")
def small_settings() -> WorldSettings:
    return WorldSettings(seed=3, num_users=150, num_items=600, num_days=90)


@pytest.fixture(scope="session")
def small_world(small_settings: WorldSettings) -> World:
    return build_world(small_settings)


@pytest.fixture(scope="session")
def small_log(small_world: World) -> Log:
    return simulate(small_world)
