"""Whether a version that failed or was closed is still in memory."""

import asyncio
import gc
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import tensorflow as tf

from pipeline.serving.loader import Loader
from pipeline.serving.servable import Servable
from schemas.errors import InputError
from tests.pipeline.serving.small_model import requests
from tests.pipeline.serving.test_version_switch import DAMAGES


def sessions_and_graphs() -> list[object]:
    """Returns those in memory, also those that are unused but not yet collected."""
    kinds = (tf.compat.v1.Session, tf.Graph)
    return [value for value in gc.get_objects() if type(value) in kinds]


async def use_loader(
    models: dict[str, Path], act: Callable[[Loader], Awaitable[None]]
) -> list[object]:
    """Loads and closes a version, then runs `act`; returns the sessions and graphs that it added.

    TensorFlow makes an empty graph for each thread, which the first version adds.
    """
    loader = Loader()
    try:
        first, _ = await loader.load(str(models["b"]), 1, is_urgent=True)
        await loader.close(first)
        before = set(map(id, sessions_and_graphs()))
        await act(loader)
        return [value for value in sessions_and_graphs() if id(value) not in before]
    finally:
        loader.stop()


def remove_signature(folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(folder.parent / "incomplete", folder)


@pytest.mark.parametrize("damage", [*DAMAGES, remove_signature])
def test_a_version_that_failed_is_not_kept(
    models: dict[str, Path], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    shutil.copytree(models["incomplete"], tmp_path / "incomplete")
    folder = shutil.copytree(models["a"], tmp_path / "7")
    damage(folder)

    async def fail(loader: Loader) -> None:
        with pytest.raises(InputError, match=str(folder)) as caught:
            await loader.load(str(folder), 7, is_urgent=True)
        errors.append(caught.value)

    # The errors are kept, as by a caller that still needs them.
    errors: list[InputError] = []
    assert not asyncio.run(use_loader(models, fail))
    assert errors[0].__traceback__ is not None


def test_a_closed_version_is_not_kept(models: dict[str, Path]) -> None:
    async def load_and_close(loader: Loader) -> None:
        servable, _ = await loader.load(str(models["a"]), 7, is_urgent=True)
        servables.append(servable)
        servable.run(*requests()[0])
        await loader.close(servable)

    # The object of the version is kept, as by the requests that used it last.
    servables: list[Servable] = []
    assert not asyncio.run(use_loader(models, load_and_close))
    assert servables


def test_a_loaded_version_is_found_in_memory(models: dict[str, Path]) -> None:
    async def load(loader: Loader) -> None:
        servables.append((await loader.load(str(models["a"]), 7, is_urgent=True))[0])

    servables: list[Servable] = []
    found = asyncio.run(use_loader(models, load))
    assert {type(value) for value in found} == {tf.compat.v1.Session, tf.Graph}
    servables[0].close()
