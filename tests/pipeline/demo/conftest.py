"""A small demo world, simulated once for all tests of this folder."""

import pytest

from pipeline.demo.settings import DemoSettings
from pipeline.demo.simulate import EventLog, simulate
from pipeline.demo.world import DemoWorld, build_world


@pytest.fixture(scope="session")
def small_settings() -> DemoSettings:
    return DemoSettings(seed=3, num_users=150, num_items=600, num_days=90)


@pytest.fixture(scope="session")
def small_world(small_settings: DemoSettings) -> DemoWorld:
    return build_world(small_settings)


@pytest.fixture(scope="session")
def small_log(small_world: DemoWorld) -> EventLog:
    return simulate(small_world)
