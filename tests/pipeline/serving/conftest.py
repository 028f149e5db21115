"""Small models, which are saved once, and a server with two of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.serving import small_model
from tests.pipeline.serving.running_server import RunningServer, two_versions


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of two small models, with scores from 100 and from 200, and of an incomplete one."""
    folder = tmp_path_factory.mktemp("models")
    return {
        "a": small_model.save(folder / "a", 100.0),
        "b": small_model.save(folder / "b", 200.0),
        "incomplete": small_model.save(folder / "c", 300.0, leave_out="similar_items"),
    }


@pytest.fixture(scope="module")
def server(
    models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Two versions with low limits: 1, with the label stable, and 2."""
    folder = tmp_path_factory.mktemp("served")
    with two_versions(models, folder, body_bytes=20_000, rows=8, list_length=120) as run:
        yield run
