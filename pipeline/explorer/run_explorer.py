"""Runs the server of the page."""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from pipeline.explorer.application import Explorer
from pipeline.explorer.local_versions import LocalVersions
from pipeline.explorer.models import Models
from pipeline.explorer.run_data import read_run_data
from pipeline.runners.read_record import read_record, recorded_settings
from pipeline.serving.client import ServingError, connect
from pipeline.serving.client.address import parse_address
from pipeline.serving.http_logger import http_logger
from pipeline.serving.model_source import ModelSource, find_model
from schemas.errors import InputError

HOST = "127.0.0.1"
_SHUTDOWN_S = 5.0


class ExplorerServer:
    """The server of the page, which only this machine can reach.

    Attributes:
      url: The address of the page, once started.
    """

    def __init__(self, run_dir: str, servers: Sequence[str], port: int) -> None:
        """Reads the items and users of a run.

        Args:
          run_dir: The run directory.
          servers: Addresses of further models, as `pipeline.serving.client.connect` takes them.
          port: The port, 0 for a free one.

        Raises:
          InputError: It is not a run directory, a file of it is damaged, or there is no model.
        """
        settings = recorded_settings(run_dir, read_record(run_dir))
        clients = {str(parse_address(address)): connect(address) for address in servers}
        source = _pushed_versions(run_dir, is_needed=not clients)
        self._versions = None if source is None else LocalVersions(source)
        self._models = Models(self._versions, clients)
        self._run = read_run_data(settings, source)
        self._port = port
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> None:
        """Takes the port, loads and tries the newest version, and answers requests.

        Raises:
          InputError: The port is in use, or the version cannot be loaded or does not answer.
        """
        app = Explorer(self._run, self._models).application()
        self._runner = web.AppRunner(
            app, access_log=None, logger=http_logger(), shutdown_timeout=_SHUTDOWN_S
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        try:
            await site.start()
        except OSError as error:
            raise InputError(
                f"{HOST}:{self._port}: cannot be listened on ({error}); another program may use "
                "the port: give another --port, or 0 for a free one"
            ) from error
        self.url = f"http://{HOST}:{self._runner.addresses[0][1]}/"
        if self._versions is not None:
            await _try(self._versions)

    async def stop(self) -> None:
        """Answers the requests in flight, closes the port and unloads the versions."""
        if self._runner is not None:
            await self._runner.cleanup()
        await self._models.close()

    def notes(self) -> list[str]:
        """Returns what the page cannot show of this run, one sentence each."""
        notes = []
        if not len(self._run.catalogue):
            notes.append("the run has no catalogue: items cannot be searched")
        elif not self._run.catalogue.has_titles:
            notes.append("the items have no titles (no text feature): their ids are shown")
        if not self._run.users.sample(1):
            notes.append("the run has no windows of users: no user has a history")
        return notes


async def _try(versions: LocalVersions) -> None:
    """Loads the newest version and calls it once: the first call takes seconds.

    Raises:
      InputError: It cannot be loaded, or does not answer.
    """
    newest = next(iter(versions.listed()))
    async with versions.use(newest) as client:
        try:
            await asyncio.to_thread(client.recommend, k=1)
        except ServingError as error:
            raise InputError(f"version {newest} does not answer: {error.message}") from error


def _pushed_versions(run_dir: str, is_needed: bool) -> ModelSource | None:
    """Returns the pushed versions of a run; None if there are none and none is needed.

    Raises:
      InputError: A version is needed and there is none.
    """
    try:
        return find_model(run_dir)
    except InputError:
        if is_needed:
            raise
        return None
