"""The memory of a server while one version replaces another."""

from pathlib import Path

import pytest

from benchmarks.serving import switch_memory
from benchmarks.serving.switch_memory import (
    ServedMemory,
    SwitchMemory,
    measure_switch_memory,
    served_in_new_process,
)
from components.indexer.search.search_plan import SearchKind
from schemas.bundle import PORTABLE_FOLDER, SCANN_FOLDER
from schemas.serving_settings import IndexSettings
from tests.pipeline.serving import small_model
from tests.serving.exported_bundle import export_index
from tests.serving.shop import make_shop


def test_a_peak_is_compared_with_both_versions_served_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served = {
        ("old", "new"): ServedMemory(100, 140, 180, 150),
        ("new", "new"): ServedMemory(110, 170, 230, 170),
    }
    monkeypatch.setattr(
        switch_memory, "served_in_new_process", lambda model, other: served[model, other]
    )
    memory = measure_switch_memory("old", "new")
    assert memory == SwitchMemory(without_mb=100, old_mb=40, new_mb=60, peak_mb=80, after_mb=50)
    assert memory.ratio == pytest.approx(0.8)


@pytest.mark.nightly
def test_a_server_process_prints_its_memory(tmp_path: Path) -> None:
    models = [str(small_model.save(tmp_path / name, 1.0)) for name in ("old", "new")]
    memory = served_in_new_process(*models)
    assert 0 < memory.without_mb < memory.first_mb
    assert memory.peak_mb >= memory.first_mb


NUMBERS = {"old": 15_000, "new": 19_000}
# Large, so that the vectors outweigh the graph, and few items are quick to write.
DIM = 256


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Bundles with ScaNN indexes of different catalogues."""
    made = {}
    for name, num_items in NUMBERS.items():
        folder = tmp_path_factory.mktemp(name)
        shop = make_shop(str(folder), num_items, DIM)
        settings = IndexSettings(k=20, max_k=50, tuning_seconds=1e-3, recall_target=0.2)
        index, _ = export_index(
            shop.model, shop.catalogue, shop.windows, str(folder / "bundle"), shop.data, settings
        )
        assert index.plan.kind is not SearchKind.EXACT
        made[name] = folder / "bundle"
    return made


@pytest.mark.nightly
@pytest.mark.parametrize("kind", [SCANN_FOLDER, PORTABLE_FOLDER])
@pytest.mark.parametrize("new", ["old", "new"], ids=["same index", "other index"])
def test_a_switch_takes_at_most_the_memory_of_both_versions_and_a_tenth(
    bundles: dict[str, Path], kind: str, new: str
) -> None:
    memory = measure_switch_memory(str(bundles["old"] / kind), str(bundles[new] / kind))
    # The vectors alone, of float32.
    assert memory.old_mb > NUMBERS["old"] * DIM * 4 / 2**20
    assert memory.ratio <= 1.1, memory
