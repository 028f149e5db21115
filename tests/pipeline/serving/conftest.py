"""Small models, which are saved once."""

from pathlib import Path

import pytest

from tests.pipeline.serving import small_model


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of two small models, with scores from 100 and from 200, and of an incomplete one."""
    folder = tmp_path_factory.mktemp("models")
    return {
        "a": small_model.save(folder / "a", 100.0),
        "b": small_model.save(folder / "b", 200.0),
        "incomplete": small_model.save(folder / "c", 300.0, leave_out="similar_items"),
    }
