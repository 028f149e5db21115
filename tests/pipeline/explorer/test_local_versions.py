"""Versions are loaded when they are used, at most two at a time."""

import asyncio
from pathlib import Path

import pytest

from pipeline.explorer.local_versions import LocalVersions
from pipeline.serving.client import InvalidRequestError
from pipeline.serving.model_source import find_model
from pipeline.serving.request_error import RequestError
from pipeline.serving.version_status import State
from schemas.errors import InputError
from tests.pipeline.serving import small_model
from tests.pipeline.serving.running_server import publish


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three versions, of which the second one has one signature fewer."""
    parent = tmp_path_factory.mktemp("versions")
    folder = parent / "shop"
    folder.mkdir()
    for version, leave_out in ((1, ""), (2, "similar_items"), (3, ""), (4, "")):
        publish(small_model.save(parent / str(version), float(version), leave_out), folder, version)
    return folder


def test_the_least_recently_used_version_is_closed(folder: Path) -> None:
    async def scores() -> list[float]:
        versions = LocalVersions(find_model(str(folder)))
        assert versions.listed() == {4: [], 3: [], 2: [], 1: []}
        found = []
        async with versions.use(1) as first:
            first.recommend()
            for version in (3, 1, 3):
                async with versions.use(version) as client:
                    found.append(client.recommend(k=1)[0].score)
            # Version 1 is in use: it is closed after this block.
            third = asyncio.create_task(_score(versions, 4))
            for _ in range(10):
                await asyncio.sleep(0)
            found.append(first.recommend(k=1)[0].score)
            assert not third.done()
        found.append(await third)
        async with versions.use(3) as client:
            assert client is not first
        await versions.close()
        return found

    assert asyncio.run(scores()) == [3.0, 1.0, 3.0, 1.0, 4.0]


async def _score(versions: LocalVersions, version: int) -> float:
    async with versions.use(version) as client:
        return client.recommend(k=1)[0].score


def test_metadata_status_and_errors_are_those_of_a_served_model(folder: Path) -> None:
    async def check() -> None:
        versions = LocalVersions(find_model(str(folder)))
        async with versions.use(1) as client:
            assert client.metadata().version == 1
            assert set(client.metadata().signatures["similar_items"].outputs) == {
                "item_id",
                "score",
            }
            assert client.status()[1].state is State.AVAILABLE
            with pytest.raises(InvalidRequestError, match="too long"):
                client.recommend(history=["a"] * 100)
        await versions.close()

    asyncio.run(check())


def test_versions_that_cannot_be_used_are_errors(folder: Path) -> None:
    async def check() -> None:
        versions = LocalVersions(find_model(str(folder)))
        with pytest.raises(RequestError, match="version 9 is not in the folder"):
            await _score(versions, 9)
        with pytest.raises(InputError, match="has no signature 'similar_items'"):
            await _score(versions, 2)
        assert await _score(versions, 1) == 1.0
        await versions.close()

    asyncio.run(check())
