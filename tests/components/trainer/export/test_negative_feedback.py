"""A model trained with negative feedback serves what training computed, and excludes its items."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.evaluator.embed import SignatureEncoder
from components.evaluator.tower_parity import measure_parity
from components.examples.read import RawCatalogue, RawWindows, read_raw_catalogue, read_raw_windows
from components.indexer.model.serving_model import ServingOptions
from components.indexer.probe.parity_cases import build_parity_cases
from components.indexer.probe.replay import replay_cases
from components.indexer.probe.served_model import ServedModel
from components.parity.sample_file import ParitySample, read_sample
from components.trainer.export.saved_model import export_towers
from components.trainer.fit.train import TrainedTowers, train
from schemas import serving
from schemas.features import feature_table
from schemas.model_settings import TrainSettings
from schemas.serving_settings import IndexSettings
from tests.components.trainer.conftest import SIZES
from tests.components.trainer.datasets import (
    PLAIN,
    Dataset,
    Row,
    data_settings,
    item,
    make_dataset,
    window,
)
from tests.examples import write_split
from tests.serving.exported_bundle import export_index

pytestmark = pytest.mark.nightly

NUM_ITEMS, NUM_USERS, K = 12, 20, 5
ROLE = {"event_types": ["rate", "return"], "max_value": 2.0}
# Type and value of events; the first two are negative feedback.
KINDS = [("rate", 1.0), ("return", 2.0), ("rate", 4.0), ("view", 1.0), ("view", float("nan"))]


@dataclass(frozen=True)
class Case:
    """A dataset with negative feedback and the model that is trained on it.

    Attributes:
      dataset: The dataset.
      trained: The model.
      path: The folder of its towers.
      windows: The raw windows of split eval.
      catalogue: The raw catalogue.
      uris: The folders of raw windows and of the raw catalogue.
    """

    dataset: Dataset
    trained: TrainedTowers
    path: str
    windows: RawWindows
    catalogue: RawCatalogue
    uris: tuple[str, str]

    @property
    def sample(self) -> ParitySample:
        sample = read_sample(self.path)
        assert sample is not None
        return sample


@pytest.fixture(
    scope="module",
    params=[("allow", "full_softmax"), ("exclude", "sampled_softmax")],
    ids=" ".join,
)
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Case]:
    repeat, loss = request.param
    folder = tmp_path_factory.mktemp("negatives")
    settings = data_settings(PLAIN, targets={"negative": ROLE}, repeat_interactions=repeat)
    rng = np.random.default_rng(5)

    def random_window(user: int) -> Row:
        size = settings.history.max_length + 1
        kinds = [KINDS[kind] for kind in rng.integers(len(KINDS), size=size)]
        return window(
            settings,
            f"u{user}",
            [f"i{row}" for row in rng.integers(NUM_ITEMS, size=size)],
            event_type=[kind.encode() for kind, _ in kinds],
            value=[value for _, value in kinds],
            is_target=[int(kind == "view" or value > 2.0) for kind, value in kinds],
        )

    rows = [random_window(user) for user in range(NUM_USERS)]
    items = [item(settings, f"i{row}") for row in range(NUM_ITEMS)]
    dataset = make_dataset(settings, rows, rows[:8], items, folder / "examples")
    trained = train(
        dataset.inputs,
        settings,
        SIZES,
        TrainSettings(loss=loss, max_epochs=1, events_per_step=72, negative_weight=1.0),
    )
    users = {"user_id": np.array([row["user_id"][0] for row in rows], dtype=object)}
    path = str(folder / "model")
    export_towers(trained, settings, dataset.graphs, users, path)
    uris = str(folder / "windows"), str(folder / "catalogue")
    for split, raw in (("train", rows), ("eval", rows[:8]), ("test", [])):
        write_split(uris[0], split, map(_texts, raw))
    write_split(uris[1], "catalogue", map(_texts, items))
    table = feature_table(settings)
    yield Case(
        dataset,
        trained,
        path,
        read_raw_windows(uris[0], "eval", table),
        read_raw_catalogue(uris[1], table),
        uris,
    )
    tf.keras.backend.clear_session()


def _texts(row: Row) -> Row:
    return {
        name: [value.decode() if isinstance(value, bytes) else value for value in values]
        for name, values in row.items()
    }


def test_the_exported_towers_have_the_outputs_of_training(case: Case) -> None:
    settings = case.dataset.settings
    encoder = SignatureEncoder(case.path, feature_table(settings))

    parity = measure_parity(
        case.path,
        encoder,
        encoder.candidates(case.catalogue),
        case.catalogue,
        {"eval": case.windows},
        settings,
    )

    assert parity.gate.passed, parity.gate.reason
    assert parity.report["equal_lists"] == 1.0
    assert (parity.report["ambiguous"], parity.report["missing"]) == (0, 0)


def test_the_served_model_has_the_outputs_of_training(case: Case, tmp_path: Path) -> None:
    settings, table = case.dataset.settings, feature_table(case.dataset.settings)
    index = IndexSettings(kind="exact", k=K, max_k=K)
    export_index(case.path, case.uris[1], case.uris[0], str(tmp_path), settings, index)
    options = ServingOptions(table, K, K, settings.history.max_length, False)

    cases = build_parity_cases(case.sample, case.windows, case.catalogue, options)
    compared = replay_cases(ServedModel(str(tmp_path / "portable")), cases.cases)

    assert {name: one for name, one in compared.items() if not one.is_equal} == {}
    assert compared[serving.RECOMMEND].rows == len(case.sample) > 0


def test_items_whose_last_event_is_negative_are_not_recommended(case: Case) -> None:
    """Compares the lists of training with the histories of the raw windows."""
    sample, excludes_all = case.sample, case.trained.towers.excludes_history
    targets = np.flatnonzero(case.windows.is_target)
    start = case.windows.offsets[np.searchsorted(case.windows.offsets, targets, "right") - 1]
    lists = sample.outputs[serving.RECOMMEND][serving.OUTPUT_ITEM_ID]
    num_excluded = 0
    excluded = {}
    for first, target in zip(start, targets, strict=True):
        last = {}
        for event in range(first, target):
            kind, value = case.windows.event_type[event], case.windows.value[event]
            is_negative = kind in (b"rate", b"return") and value <= 2.0
            last[case.windows.item_id[event]] = is_negative
        hidden = {name for name, is_negative in last.items() if is_negative or excludes_all}
        if case.windows.item_id[target] not in hidden:
            window_number = int(np.searchsorted(case.windows.offsets, target, "right") - 1)
            excluded[window_number, int(target - first)] = hidden
    # A target on an excluded item is not a target of training either.
    assert len(excluded) == len(sample) or len(sample) == 64
    order = {key: number for number, key in enumerate(dict.fromkeys(sample.window))}
    for key, position, items in zip(sample.window, sample.position, lists, strict=True):
        hidden = excluded[order[key], int(position)]
        num_excluded += len(hidden)
        assert not hidden & set(items)
    assert num_excluded > 0
