"""The versions that are served: finds, loads, switches, drains and unloads them.

A version is loaded and warmed up while the others serve. The switch is an assignment in the event
loop. Requests that began before it finish on the version that they began with, which is closed
after the last of them. The newest complete version is served, and every version that a label names.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.serving.loader import Loader
from pipeline.serving.model_source import ModelSource
from pipeline.serving.request_error import Code, RequestError, invalid
from pipeline.serving.servable import Servable
from pipeline.serving.version_status import State, VersionStatus
from schemas.errors import InputError


@dataclass(frozen=True)
class ModelSpec:
    """The model of a request: its newest version, or a version by number or by label."""

    name: str
    version: int | None = None
    label: str | None = None

    def __str__(self) -> str:
        """The text by which TF Serving's messages name it."""
        if self.version is None:
            return f"Latest({self.name})"
        return f"Specific({self.name}, {self.version})"


@dataclass(frozen=True)
class _Target:
    """What is to be served: versions on disk that did not fail, newest first, and labels."""

    folders: Mapping[int, str]
    versions: list[int]
    labels: Mapping[str, int]


class VersionManager:
    """The versions of one model.

    All methods are called in one event loop.

    Attributes:
      name: Name of the model.
      statuses: Status of each version that was found.
    """

    def __init__(
        self, source: ModelSource, loader: Loader, report: Callable[[str], None] = lambda _: None
    ) -> None:
        """Loads nothing yet.

        Args:
          source: The versions on disk.
          loader: Loads and closes them.
          report: Receives one line for each change and each fault.
        """
        self.name = source.name
        self.statuses: dict[int, VersionStatus] = {}
        self._source = source
        self._loader = loader
        self._report = report
        self._live: dict[int, Servable] = {}
        self._newest: int | None = None
        self._labels: dict[str, int] = {}
        self._configured_labels: dict[str, int] = {}
        self._faults: set[str] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._polling = asyncio.Lock()

    @property
    def newest(self) -> int | None:
        """The version that answers requests without a version; None before the first one."""
        return self._newest

    @property
    def labels(self) -> dict[str, int]:
        """The version of each label."""
        return dict(self._labels)

    def find(self, spec: ModelSpec) -> Servable:
        """Returns the version that serves a request.

        Raises:
          RequestError: There is none. The message is that of TF Serving.
        """
        version = self._newest if spec.version is None else spec.version
        if spec.label is not None:
            if spec.name != self.name or spec.label not in self._labels:
                raise invalid(f"Unrecognized servable version label: {spec.label}")
            version = self._labels[spec.label]
        if spec.name != self.name or version is None or version not in self._live:
            raise _not_found(f"Servable not found for request: {spec}")
        return self._live[version]

    @contextmanager
    def use(self, spec: ModelSpec) -> Iterator[Servable]:
        """Yields the version that serves a request, which stays loaded during the block.

        Raises:
          RequestError: There is none.
        """
        servable = self.find(spec)
        with servable.use():
            yield servable

    def statuses_of(self, spec: ModelSpec) -> dict[int, VersionStatus]:
        """Returns the statuses of all versions, or of the one that a request names.

        Raises:
          RequestError: There is none. The message is that of TF Serving.
        """
        version = spec.version if spec.label is None else self.find(spec).version
        statuses = self.statuses if spec.name == self.name else {}
        if version is None:
            if not statuses:
                raise _not_found(f"Could not find any versions of model {spec.name}")
            return statuses
        if version not in statuses:
            raise _not_found(f"Could not find version {version} of model {spec.name}")
        return {version: statuses[version]}

    async def poll(self) -> None:
        """Looks for new versions and moved labels, and serves them.

        Versions that are no longer served are closed in the background (`closed`).
        """
        async with self._polling:
            folders, labels = await self._loader.do(self._look, is_urgent=not self._live)
            self._forget(folders)
            target = self._target(folders, labels)
            while missing := [v for v in target.versions if v not in self._live]:
                await self._load(missing[0], folders[missing[0]])
                target = self._target(folders, labels)
                self._switch(target)
            self._switch(target)

    async def closed(self) -> None:
        """Returns when every version that is no longer served is closed."""
        while self._closing:
            await asyncio.gather(*self._closing)

    async def close(self) -> None:
        """Closes all versions after their last requests."""
        async with self._polling:
            self._newest = None
            self._labels = {}
            for version in list(self._live):
                self._retire(version)
        await self.closed()

    def _look(self) -> tuple[dict[int, str], dict[str, int]]:
        """Returns the folders of the versions on disk and the configured labels."""
        folders = self._source.versions()
        try:
            self._configured_labels = self._source.labels()
        except (OSError, InputError) as error:
            self._report_once(f"the labels stay as they are: {error}")
        return folders, self._configured_labels

    def _forget(self, folders: Mapping[int, str]) -> None:
        """Forgets the statuses of versions that are neither on disk nor loaded."""
        closing = (State.AVAILABLE, State.UNLOADING)
        self.statuses = {
            version: status
            for version, status in self.statuses.items()
            if version in folders or status.state in closing
        }

    def _target(self, folders: Mapping[int, str], labels: Mapping[str, int]) -> _Target:
        usable = [v for v in folders if not self.statuses.get(v, VersionStatus(State.START)).error]
        wanted = {max(usable)} if usable else set()
        for label, version in labels.items():
            if version in usable:
                wanted.add(version)
            else:
                self._report_once(f"label {label}: version {version} cannot be served; not moved")
        return _Target(folders, sorted(wanted, reverse=True), labels)

    async def _load(self, version: int, path: str) -> None:
        """Loads a version after the versions before are closed, or reports why it is skipped."""
        await self.closed()
        self.statuses[version] = VersionStatus(State.LOADING)
        started = asyncio.get_running_loop().time()
        try:
            servable, warmed = await self._loader.load(path, version, is_urgent=not self._live)
        except InputError as error:
            self.statuses[version] = VersionStatus(State.END, str(error))
            self._report(f"version {version} is skipped: {error}")
            return
        self._live[version] = servable
        self.statuses[version] = VersionStatus(State.AVAILABLE)
        seconds = asyncio.get_running_loop().time() - started
        self._report(f"version {version} loaded in {seconds:.1f} s, {warmed} warm-up requests")

    def _switch(self, target: _Target) -> None:
        """Serves what is loaded of the target, and retires what is no longer served."""
        if target.versions and target.versions[0] in self._live:
            self._newest = target.versions[0]
        self._labels = {
            label: version if version in self._live else self._labels[label]
            for label, version in target.labels.items()
            if version in self._live or label in self._labels
        }
        served = {self._newest, *self._labels.values(), *target.versions}
        for version in [v for v in self._live if v not in served]:
            self._retire(version)

    def _retire(self, version: int) -> None:
        servable = self._live.pop(version)
        self.statuses[version] = VersionStatus(State.UNLOADING)
        task = asyncio.get_running_loop().create_task(self._close(servable))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, servable: Servable) -> None:
        await servable.drained()
        await self._loader.close(servable)
        self.statuses[servable.version] = VersionStatus(State.END)
        self._report(f"version {servable.version} unloaded")

    def _report_once(self, fault: str) -> None:
        if fault not in self._faults:
            self._faults.add(fault)
            self._report(fault)


def _not_found(message: str) -> RequestError:
    return RequestError(Code.NOT_FOUND, message)
