"""Two versions with ScaNN indexes in one process, of which one is unloaded.

The searcher of ScaNN is a resource with a name, and the graphs of all versions use the same name.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from components.indexer.search import choose_index
from components.indexer.search.search_plan import SearchKind
from pipeline.serving.servable import Servable
from pipeline.serving.signature import Arrays
from schemas.bundle import SCANN_FOLDER
from schemas.serving_settings import IndexSettings
from tests.pipeline.serving.small_model import texts
from tests.serving.exported_bundle import export_index
from tests.serving.shop import make_shop

HISTORIES = texts([["item1", "item2"], ["item7", ""], ["", ""]])
INPUTS = {"user_id": texts(["user1", "user2", "nobody"]), "history_item_id": HISTORIES}


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A ScaNN model, its copy and one of another catalogue."""
    found = {}
    for name, num_items in (("one", 300), ("other", 350)):
        folder = tmp_path_factory.mktemp(name)
        shop = make_shop(str(folder), num_items)
        with pytest.MonkeyPatch.context() as patch:
            # Exact search must not replace the index.
            patch.setattr(choose_index, "MAX_EXACT_ITEMS", 0)
            index, _ = export_index(
                shop.model,
                shop.catalogue,
                shop.windows,
                str(folder / "bundle"),
                shop.data,
                IndexSettings(k=20, max_k=50),
            )
        assert index.plan.kind is not SearchKind.EXACT
        found[name] = folder / "bundle" / SCANN_FOLDER
    found["copy"] = tmp_path_factory.mktemp("copy") / SCANN_FOLDER
    shutil.copytree(found["one"], found["copy"])
    return found


def answer(servable: Servable) -> Arrays:
    return servable.run("serving_default", INPUTS)


def check_equal(found: Arrays, expected: Arrays) -> None:
    np.testing.assert_array_equal(found["item_id"], expected["item_id"])
    np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-6)


@pytest.mark.parametrize(
    ("second", "closed"),
    [
        pytest.param("copy", 0, marks=pytest.mark.slow),
        pytest.param("other", 1, marks=pytest.mark.slow),
        pytest.param("copy", 1, marks=pytest.mark.nightly),
        pytest.param("other", 0, marks=pytest.mark.nightly),
    ],
)
def test_the_other_version_answers_unchanged(
    bundles: dict[str, Path], second: str, closed: int
) -> None:
    alone = []
    for name in ("one", second):
        servable = Servable(str(bundles[name]), 1)
        servable.warm_up()
        alone.append(answer(servable))
        servable.close()
    both = [Servable(str(bundles[name]), 1) for name in ("one", second)]
    for servable, expected in zip(both, alone, strict=True):
        servable.warm_up()
        check_equal(answer(servable), expected)

    both[closed].close()

    check_equal(answer(both[1 - closed]), alone[1 - closed])
    both[1 - closed].close()
    assert np.array_equal(alone[0]["score"], alone[1]["score"]) == (second == "copy")
