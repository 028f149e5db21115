"""Parity of the towers of a fake model, whose training is written by hand."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from components.evaluator.embed import SignatureEncoder
from components.evaluator.parity import EXACT_SEARCH, measure_parity
from components.examples.read import RawCatalogue, RawWindows, read_raw_catalogue, read_raw_windows
from components.parity.exact import best_items
from components.parity.sample import ParitySample, write_sample
from components.parity.verdict import Parity
from schemas import serving
from tests.components.evaluator.logs import (
    TABLE,
    data_settings,
    save_successor_model,
    write_catalogue,
    write_windows,
)
from tests.components.parity.samples import sample_of

NUM_ITEMS = 15
ITEMS = [f"item {n:02}" for n in range(NUM_ITEMS)]
WALKS = [
    [(ITEMS[row], 10 * user + n) for n, row in enumerate(rows)]
    for user, rows in enumerate(([0, 1, 2], [3, 4, 5], [7, 6, 8]))
]
POSITIONS = [0, 1, 2]
# The item that the model names: the one after the last of the history, else the first. The last
# of these is in the history itself, and so may not be answered.
NAMED = [0, 3 + 1, 6 + 1]


@dataclass(frozen=True)
class Shelf:
    """A model and the raw data it is asked with."""

    model: str
    catalogue: RawCatalogue
    windows: RawWindows


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    root = tmp_path_factory.mktemp("shelf")
    walks = [
        (f"user {user}", [(item, time_s, 1) for item, time_s in walk])
        for user, walk in enumerate(WALKS)
    ]
    windows = write_windows(str(root / "windows"), {"eval": walks[::-1]})
    catalogue = write_catalogue(str(root / "catalogue"), ITEMS[::-1])
    model = save_successor_model(str(root / "model"), ITEMS)
    return Shelf(
        model, read_raw_catalogue(catalogue, TABLE), read_raw_windows(windows, "eval", TABLE)
    )


def trained_sample() -> ParitySample:
    """What training would have answered: the model's one-hot embeddings."""
    one_hot = np.eye(NUM_ITEMS, dtype=np.float32)
    ids = np.array([item.encode() for item in ITEMS], dtype=object)
    excluded = [np.arange(3 * user, 3 * user + position) for user, position in enumerate(POSITIONS)]
    return sample_of(
        [("", walk) for walk in WALKS],
        POSITIONS,
        ITEMS,
        {
            serving.QUERY_EMBEDDING: {serving.OUTPUT_EMBEDDING: one_hot[NAMED]},
            serving.CANDIDATE_EMBEDDING: {serving.OUTPUT_EMBEDDING: one_hot},
            serving.RECOMMEND: best_items(one_hot[NAMED], one_hot, ids, excluded),
        },
    )


def measure(
    shelf: Shelf, sample: ParitySample | None, folder: Path, **changed: RawWindows
) -> Parity:
    """Parity of the model with the sample as that of a model in `folder`."""
    if sample is not None:
        write_sample(str(folder), sample)
    encoder = SignatureEncoder(shelf.model, TABLE)
    return measure_parity(
        str(folder),
        encoder,
        encoder.candidates(shelf.catalogue),
        shelf.catalogue,
        {"eval": shelf.windows, **changed},
        data_settings(),
    )


def test_equal_towers_pass(shelf: Shelf, tmp_path: Path) -> None:
    parity = measure(shelf, trained_sample(), tmp_path)

    assert parity.gate.passed, parity.gate.reason
    assert parity.gate.name == "model.parity"
    assert parity.gate.value == parity.report["max_difference"] == 0.0
    assert {name: one["rows"] for name, one in parity.report["signatures"].items()} == {
        serving.CANDIDATE_EMBEDDING: NUM_ITEMS,
        serving.QUERY_EMBEDDING: 3,
        EXACT_SEARCH: 3,
    }


@pytest.mark.parametrize("signature", [serving.QUERY_EMBEDDING, serving.CANDIDATE_EMBEDDING])
def test_the_tower_that_differs_is_named(shelf: Shelf, tmp_path: Path, signature: str) -> None:
    sample = trained_sample()
    embedding = sample.answers[signature][serving.OUTPUT_EMBEDDING].copy()
    # the second query, and the one item that it is near to
    embedding[1 if signature == serving.QUERY_EMBEDDING else NAMED[1]] *= 1.25
    answers = {**sample.answers, signature: {serving.OUTPUT_EMBEDDING: embedding}}

    parity = measure(shelf, replace(sample, answers=answers), tmp_path)

    assert not parity.gate.passed
    assert parity.report["signatures"][signature]["max_difference"] == pytest.approx(0.25 / 1.25)
    assert parity.gate.reason.startswith(f"{signature} differs from training by")


def test_other_ids_are_rejected(shelf: Shelf, tmp_path: Path) -> None:
    sample = trained_sample()
    recommended = {name: x.copy() for name, x in sample.answers[serving.RECOMMEND].items()}
    first = recommended["item_id"][0]
    first[0], first[1] = first[1], first[0]
    answers = {**sample.answers, serving.RECOMMEND: recommended}

    parity = measure(shelf, replace(sample, answers=answers), tmp_path)

    assert parity.report["signatures"][EXACT_SEARCH]["equal_lists"] == pytest.approx(2 / 3)
    assert "exact_search answers other ids in 33.3% of 3 lists" in parity.gate.reason


def test_windows_that_nobody_can_tell_apart_are_left_out(shelf: Shelf, tmp_path: Path) -> None:
    twice = write_windows(
        str(tmp_path / "windows"),
        {"eval": [(user, [(item, time_s, 1) for item, time_s in WALKS[0]]) for user in "ab"]},
    )

    parity = measure(
        shelf,
        trained_sample(),
        tmp_path / "model",
        eval=read_raw_windows(twice, "eval", TABLE),
    )

    assert (parity.report["ambiguous"], parity.report["missing"]) == (1, 2)
    assert set(parity.report["signatures"]) == {serving.CANDIDATE_EMBEDDING}
    assert not parity.gate.passed
    assert "2 of its queries and items are not in the data" in parity.gate.reason


def test_a_model_without_a_sample_is_measured_all_the_same(shelf: Shelf, tmp_path: Path) -> None:
    parity = measure(shelf, None, tmp_path)

    assert parity.gate.passed
    assert set(parity.report) == {"left_out"}
