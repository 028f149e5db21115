"""The pushed versions of a run, which are loaded into this process when they are first used."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pipeline.explorer.local_transport import LocalTransport
from pipeline.serving.client.client import Client
from pipeline.serving.loader import Loader
from pipeline.serving.model_source import ModelSource
from pipeline.serving.request_error import Code, RequestError
from pipeline.serving.servable import Servable

# Two versions are compared with each other; a third one takes the place of the one that was used
# least recently.
_MAX_LOADED = 2


@dataclass(frozen=True)
class _Loaded:
    servable: Servable
    client: Client


class LocalVersions:
    """The versions of one model on disk, of which at most two are loaded.

    All methods are called in one event loop.
    """

    def __init__(self, source: ModelSource) -> None:
        """Loads nothing yet.

        Args:
          source: The versions on disk.
        """
        self.name = source.name
        self._source = source
        self._loader = Loader()
        self._loading = asyncio.Lock()
        # In the order of use, the least recently used first.
        self._loaded: dict[int, _Loaded] = {}

    def listed(self) -> dict[int, list[str]]:
        """Returns the labels of each complete version on disk, newest version first.

        Raises:
          OSError: The folder cannot be read.
          InputError: The file of the labels is damaged.
        """
        labels = self._source.labels()
        return {
            version: sorted(label for label, labelled in labels.items() if labelled == version)
            for version in sorted(self._source.versions(), reverse=True)
        }

    @asynccontextmanager
    async def use(self, version: int) -> AsyncIterator[Client]:
        """Yields a client of a version, which stays loaded during the block.

        Raises:
          InputError: It cannot be loaded.
          RequestError: There is no such version.
        """
        loaded = await self._get(version)
        with loaded.servable.use():
            yield loaded.client

    async def close(self) -> None:
        """Closes all versions after the calls that use them."""
        async with self._loading:
            for version in list(self._loaded):
                await self._unload(version)
        self._loader.stop()

    async def _get(self, version: int) -> _Loaded:
        if version not in self._loaded:
            # Loaded versions answer meanwhile.
            async with self._loading:
                await self._load(version)
        self._loaded[version] = self._loaded.pop(version)
        return self._loaded[version]

    async def _load(self, version: int) -> None:
        """Loads a version, unless another request has just done so.

        Its warm-up requests, which cover every signature, are left out: they would take longer than
        the first requests of the page.
        """
        if version in self._loaded:
            return
        path = self._source.versions().get(version)
        if path is None:
            raise RequestError(
                Code.NOT_FOUND,
                f"version {version} is not in the folder of the versions; reload the page",
            )
        while len(self._loaded) >= _MAX_LOADED:
            await self._unload(next(iter(self._loaded)))
        servable = await self._loader.do(lambda: Servable(path, version), is_urgent=True)
        self._loaded[version] = _Loaded(servable, Client(LocalTransport(self.name, servable)))

    async def _unload(self, version: int) -> None:
        servable = self._loaded.pop(version).servable
        await servable.drained()
        await self._loader.close(servable)
