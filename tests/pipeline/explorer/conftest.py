"""A run with two versions, and its page, which are made once."""

from collections.abc import Iterator

import pytest

from tests.pipeline.explorer.explorable_run import ExplorableRun, make_run
from tests.pipeline.explorer.running_explorer import RunningExplorer, running_explorer


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> ExplorableRun:
    """A run with two versions. Tests do not change it."""
    return make_run(tmp_path_factory.mktemp("explorer"))


@pytest.fixture(scope="session")
def explorer(run: ExplorableRun) -> Iterator[RunningExplorer]:
    """The server of the page of the run."""
    with running_explorer(run.folder) as running:
        yield running
