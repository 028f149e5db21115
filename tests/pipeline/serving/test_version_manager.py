import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from components.pusher.models_config import CONFIG_FILE
from pipeline.serving.loader import Loader
from pipeline.serving.model_source import ModelSource
from pipeline.serving.request_error import RequestError
from pipeline.serving.servable import Servable
from pipeline.serving.version_manager import ModelSpec, VersionManager
from pipeline.serving.version_status import State
from schemas.bundle import SAVED_MODEL_FILE
from schemas.errors import InputError
from tests.pipeline.serving.test_labels import config

NEWEST = ModelSpec("shop")


class FakeServable(Servable):
    """A version without a model."""

    def __init__(self, path: str, version: int):
        self.path = path
        self.version = version
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()


class FakeLoader(Loader):
    """Notes what it does, and fails to load the versions in `broken`."""

    def __init__(self) -> None:
        self.broken: set[int] = set()
        self.events: list[str] = []

    async def do(self, work: Callable[[], Any], is_urgent: bool = False) -> Any:
        return work()

    async def load(self, path: str, version: int, is_urgent: bool) -> tuple[Servable, int]:
        self.events.append(f"load {version}")
        if version in self.broken:
            raise InputError(f"{path}: broken")
        return FakeServable(path, version), 0

    async def close(self, servable: Servable) -> None:
        assert not servable.in_flight
        self.events.append(f"close {servable.version}")


class Shop:
    """A folder of versions and its manager."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.loader = FakeLoader()
        self.lines: list[str] = []
        source = ModelSource("shop", str(folder))
        self.manager = VersionManager(source, self.loader, self.lines.append)

    def add(self, *versions: int) -> None:
        for version in versions:
            (self.folder / str(version)).mkdir(parents=True)
            (self.folder / str(version) / SAVED_MODEL_FILE).touch()

    def remove(self, version: int) -> None:
        shutil.rmtree(self.folder / str(version))

    def label(self, **labels: int) -> None:
        (self.folder / CONFIG_FILE).write_text(config(("shop", labels)))

    async def poll(self) -> list[str]:
        """Polls, and returns what was loaded and closed."""
        self.loader.events.clear()
        await self.manager.poll()
        await self.manager.closed()
        return list(self.loader.events)


def in_shop(folder: Path, story: Callable[[Shop], Awaitable[None]]) -> Shop:
    """Runs a story in an event loop, and returns its shop."""
    shop = Shop(folder)

    async def main() -> None:
        await story(shop)

    asyncio.run(main())
    return shop


def test_the_newest_version_is_served(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shop.add(1, 9, 10)
        assert await shop.poll() == ["load 10"]
        assert shop.manager.newest == 10
        assert await shop.poll() == []
        (shop.folder / "11").mkdir()  # not complete
        assert await shop.poll() == []

    in_shop(tmp_path, story)


def test_a_version_is_closed_after_its_last_request(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shop.add(1)
        await shop.poll()
        shop.loader.events.clear()
        with shop.manager.use(NEWEST) as before:
            shop.add(2)
            await shop.manager.poll()
            with shop.manager.use(NEWEST) as after:
                assert (before.version, after.version) == (1, 2)
            assert shop.loader.events == ["load 2"]
            assert shop.manager.statuses[1].state is State.UNLOADING
        await shop.manager.closed()
        assert shop.loader.events == ["load 2", "close 1"]
        assert shop.manager.statuses[1].state is State.END

    in_shop(tmp_path, story)


def test_versions_with_labels_are_served(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shop.add(1, 2, 3)
        shop.label(stable=1, canary=3)
        assert await shop.poll() == ["load 3", "load 1"]
        assert shop.manager.find(ModelSpec("shop", label="stable")).version == 1
        assert shop.manager.find(ModelSpec("shop", version=1)).version == 1
        assert shop.manager.find(NEWEST).version == 3

        shop.label(stable=2, canary=3)
        assert await shop.poll() == ["load 2", "close 1"]
        assert shop.manager.labels == {"stable": 2, "canary": 3}

        (shop.folder / CONFIG_FILE).unlink()
        assert await shop.poll() == ["close 2"]
        assert shop.manager.labels == {}

    in_shop(tmp_path, story)


def test_a_version_is_closed_before_the_next_one_is_loaded(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shop.add(1, 2)
        shop.label(stable=1)
        await shop.poll()
        shop.add(3, 4)
        shop.label(stable=3)
        # Never more than three versions, of which one is on its way in or out.
        assert await shop.poll() == ["load 4", "close 2", "load 3", "close 1"]

    in_shop(tmp_path, story)


def test_a_broken_version_is_skipped_and_reported_once(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shop.add(1)
        await shop.poll()
        shop.add(2)
        shop.loader.broken = {2}
        assert await shop.poll() == ["load 2"]
        assert await shop.poll() == []
        assert shop.manager.find(NEWEST).version == 1
        assert shop.manager.statuses[2].state is State.END
        shop.add(3)
        assert await shop.poll() == ["load 3", "close 1"]

    shop = in_shop(tmp_path, story)
    assert len([line for line in shop.lines if "version 2 is skipped" in line]) == 1


def test_a_broken_version_that_is_published_again_is_loaded(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shop.add(1, 2)
        shop.loader.broken = {2}
        await shop.poll()
        shop.remove(2)
        await shop.poll()
        shop.add(2)
        shop.loader.broken = set()
        assert await shop.poll() == ["load 2", "close 1"]

    in_shop(tmp_path, story)


def test_at_the_start_the_version_before_a_broken_one_is_served(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shop.add(1, 2, 3)
        shop.loader.broken = {2, 3}
        assert await shop.poll() == ["load 3", "load 2", "load 1"]
        assert shop.manager.newest == 1

    in_shop(tmp_path, story)


def test_a_version_that_was_rolled_back_is_replaced_first(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shop.add(1, 2)
        await shop.poll()
        shop.remove(2)
        assert await shop.poll() == ["load 1", "close 2"]
        assert shop.manager.newest == 1

    in_shop(tmp_path, story)


def test_what_is_served_stays_if_all_versions_disappear(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shop.add(1)
        await shop.poll()
        shop.remove(1)
        assert await shop.poll() == []
        assert shop.manager.find(NEWEST).version == 1

    in_shop(tmp_path, story)


def test_a_label_of_a_broken_or_missing_version_is_not_moved(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shop.add(1, 2, 3)
        shop.label(stable=1)
        await shop.poll()
        shop.loader.broken = {2}
        for version in (2, 7):
            shop.label(stable=version, other=7)
            await shop.poll()
            await shop.poll()
            assert shop.manager.labels == {"stable": 1}

    shop = in_shop(tmp_path, story)
    assert sum("label stable: version 7 cannot be served" in line for line in shop.lines) == 1


def test_a_damaged_file_of_labels_changes_nothing(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shop.add(1, 2)
        shop.label(stable=1)
        await shop.poll()
        (shop.folder / CONFIG_FILE).write_text("{")
        shop.add(3)
        assert await shop.poll() == ["load 3", "close 2"]
        assert shop.manager.labels == {"stable": 1}

    shop = in_shop(tmp_path, story)
    assert any("the labels stay as they are" in line for line in shop.lines)


def test_unknown_versions_have_the_messages_of_tf_serving(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        with pytest.raises(RequestError, match="Could not find any versions of model shop"):
            shop.manager.statuses_of(NEWEST)
        shop.add(1)
        await shop.poll()
        for spec, message in (
            (ModelSpec("shop", 5), r"Servable not found for request: Specific\(shop, 5\)"),
            (ModelSpec("nope"), r"Servable not found for request: Latest\(nope\)"),
            (ModelSpec("shop", label="x"), "Unrecognized servable version label: x"),
        ):
            with pytest.raises(RequestError, match=message):
                shop.manager.find(spec)
        with pytest.raises(RequestError, match="Could not find version 5 of model shop"):
            shop.manager.statuses_of(ModelSpec("shop", 5))
        with pytest.raises(RequestError, match="Could not find any versions of model nope"):
            shop.manager.statuses_of(ModelSpec("nope"))

    in_shop(tmp_path, story)


def test_closing_waits_for_the_last_request(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        shop.add(1)
        await shop.poll()
        with shop.manager.use(NEWEST):
            closing = asyncio.create_task(shop.manager.close())
            for _ in range(5):
                await asyncio.sleep(0)
            assert not closing.done()
        await closing
        assert shop.manager.newest is None
        assert shop.loader.events[-1] == "close 1"

    in_shop(tmp_path, story)
