"""The models that the page can show: pushed versions of the run, and models behind servers."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from pipeline.explorer.local_versions import LocalVersions
from pipeline.serving.client.client import Client
from pipeline.serving.client.errors import ServingError
from pipeline.serving.request_error import Code, RequestError, invalid
from schemas.errors import InputError

T = TypeVar("T")
_THREADS = 4


@dataclass(frozen=True)
class ModelChoice:
    """A model that the page offers.

    Attributes:
      key: Its name in requests of the page: the number of a version, or server-N.
      title: What the page shows.
    """

    key: str
    title: str


class Models:
    """Calls models in threads, because clients block.

    All methods but `listed` are called in one event loop.
    """

    def __init__(self, versions: LocalVersions | None, servers: Mapping[str, Client]) -> None:
        """Loads nothing and sends nothing yet.

        Args:
          versions: The pushed versions of the run; None without any.
          servers: Clients of further models, by the address that is shown.
        """
        self._versions = versions
        self._servers = {f"server-{n}": client for n, client in enumerate(servers.values(), 1)}
        self._addresses = dict(zip(self._servers, servers, strict=True))
        self._threads = ThreadPoolExecutor(_THREADS, "explorer")

    def listed(self) -> list[ModelChoice]:
        """Returns the models, versions first, the newest of them first.

        Raises:
          RequestError: The folder of the versions cannot be read.
        """
        choices = []
        if self._versions is not None:
            try:
                found = self._versions.listed()
            except (OSError, InputError) as error:
                raise RequestError(Code.UNAVAILABLE, str(error)) from error
            choices = [
                ModelChoice(str(n), _version_title(n, labels)) for n, labels in found.items()
            ]
        return choices + [ModelChoice(key, text) for key, text in self._addresses.items()]

    async def call(self, key: str, work: Callable[[Client], T]) -> T:
        """Returns the result of `work` with a client of a model.

        Args:
          key: The model.
          work: Is called in a thread.

        Raises:
          RequestError: There is no such model, it cannot be loaded, or it refuses the request.
        """
        try:
            if key in self._servers:
                return await self._run(work, self._servers[key])
            if self._versions is None or not (key.isascii() and key.isdigit()):
                raise RequestError(Code.NOT_FOUND, f"there is no model {key!r}; reload the page")
            async with self._versions.use(int(key)) as client:
                return await self._run(work, client)
        except ServingError as error:
            text = str(error) if key in self._servers else error.message
            raise RequestError(error.code, text) from error
        except InputError as error:
            raise invalid(str(error)) from error

    async def _run(self, work: Callable[[Client], T], client: Client) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, client)

    async def close(self) -> None:
        """Closes all versions and connections after the calls in progress."""
        if self._versions is not None:
            await self._versions.close()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for client in self._servers.values():
            client.close()


def _version_title(version: int, labels: Sequence[str]) -> str:
    return f"{version} ({', '.join(labels)})" if labels else str(version)
