"""Parity of a simple model, whose training outputs are computed by hand."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from components.evaluator.embed import SignatureEncoder
from components.evaluator.tower_parity import EXACT_SEARCH, measure_parity
from components.examples.read import RawCatalogue, RawWindows, read_raw_catalogue, read_raw_windows
from components.parity.exact_search import exact_search
from components.parity.result import ParityResult
from components.parity.sample_file import ParitySample, write_sample
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
SEQUENCES = [
    [(ITEMS[row], 10 * user + n) for n, row in enumerate(rows)]
    for user, rows in enumerate(([0, 1, 2], [3, 4, 5], [7, 6, 8]))
]
POSITIONS = [0, 1, 2]
# The item that the model recommends: the one after the last item of the history, or the first item.
# The last one is in the history itself, so it must not be returned.
RECOMMENDED = [0, 3 + 1, 6 + 1]


@dataclass(frozen=True)
class ModelWithData:
    """A model, and the raw data of its requests."""

    path: str
    catalogue: RawCatalogue
    windows: RawWindows


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelWithData:
    root = tmp_path_factory.mktemp("model")
    sequences = [
        (f"user {user}", [(item, time_s, 1) for item, time_s in sequence])
        for user, sequence in enumerate(SEQUENCES)
    ]
    windows = write_windows(str(root / "windows"), {"eval": sequences[::-1]})
    catalogue = write_catalogue(str(root / "catalogue"), ITEMS[::-1])
    path = save_successor_model(str(root / "model"), ITEMS)
    return ModelWithData(
        path, read_raw_catalogue(catalogue, TABLE), read_raw_windows(windows, "eval", TABLE)
    )


def trained_sample() -> ParitySample:
    """A sample whose training outputs equal those of the model: one-hot embeddings."""
    one_hot = np.eye(NUM_ITEMS, dtype=np.float32)
    ids = np.array([item.encode() for item in ITEMS], dtype=object)
    excluded = [np.arange(3 * user, 3 * user + position) for user, position in enumerate(POSITIONS)]
    return sample_of(
        [("", sequence) for sequence in SEQUENCES],
        POSITIONS,
        ITEMS,
        {
            serving.QUERY_EMBEDDING: {serving.OUTPUT_EMBEDDING: one_hot[RECOMMENDED]},
            serving.CANDIDATE_EMBEDDING: {serving.OUTPUT_EMBEDDING: one_hot},
            serving.RECOMMEND: exact_search(one_hot[RECOMMENDED], one_hot, ids, excluded),
        },
    )


def measure(
    model: ModelWithData, sample: ParitySample | None, folder: Path, **changed: RawWindows
) -> ParityResult:
    """Measures the parity of the model, with the sample written to `folder`."""
    if sample is not None:
        write_sample(str(folder), sample)
    encoder = SignatureEncoder(model.path, TABLE)
    return measure_parity(
        str(folder),
        encoder,
        encoder.candidates(model.catalogue),
        model.catalogue,
        {"eval": model.windows, **changed},
        data_settings(),
    )


def test_equal_embeddings_pass(model: ModelWithData, tmp_path: Path) -> None:
    parity = measure(model, trained_sample(), tmp_path)

    assert parity.gate.passed, parity.gate.reason
    assert parity.gate.name == "model.parity"
    assert parity.gate.value == parity.report["max_difference"] == 0.0
    assert {name: one["rows"] for name, one in parity.report["signatures"].items()} == {
        serving.CANDIDATE_EMBEDDING: NUM_ITEMS,
        serving.QUERY_EMBEDDING: 3,
        EXACT_SEARCH: 3,
    }


@pytest.mark.parametrize("signature", [serving.QUERY_EMBEDDING, serving.CANDIDATE_EMBEDDING])
def test_the_signature_that_differs_is_in_the_reason(
    model: ModelWithData, tmp_path: Path, signature: str
) -> None:
    sample = trained_sample()
    embedding = sample.outputs[signature][serving.OUTPUT_EMBEDDING].copy()
    # The second query, and the item that it recommends.
    embedding[1 if signature == serving.QUERY_EMBEDDING else RECOMMENDED[1]] *= 1.25
    outputs = {**sample.outputs, signature: {serving.OUTPUT_EMBEDDING: embedding}}

    parity = measure(model, replace(sample, outputs=outputs), tmp_path)

    assert not parity.gate.passed
    assert parity.report["signatures"][signature]["max_difference"] == pytest.approx(0.25 / 1.25)
    assert parity.gate.reason.startswith(f"{signature} differs from training by")


def test_other_recommended_ids_are_rejected(model: ModelWithData, tmp_path: Path) -> None:
    sample = trained_sample()
    recommended = {name: x.copy() for name, x in sample.outputs[serving.RECOMMEND].items()}
    first = recommended["item_id"][0]
    first[0], first[1] = first[1], first[0]
    outputs = {**sample.outputs, serving.RECOMMEND: recommended}

    parity = measure(model, replace(sample, outputs=outputs), tmp_path)

    assert parity.report["signatures"][EXACT_SEARCH]["equal_lists"] == pytest.approx(2 / 3)
    assert "exact_search returns other ids than training in 33.3% of" in parity.gate.reason


def test_queries_with_ambiguous_windows_are_left_out(model: ModelWithData, tmp_path: Path) -> None:
    twice = write_windows(
        str(tmp_path / "windows"),
        {"eval": [(user, [(item, time_s, 1) for item, time_s in SEQUENCES[0]]) for user in "ab"]},
    )

    parity = measure(
        model,
        trained_sample(),
        tmp_path / "model",
        eval=read_raw_windows(twice, "eval", TABLE),
    )

    assert (parity.report["ambiguous"], parity.report["missing"]) == (1, 2)
    assert set(parity.report["signatures"]) == {serving.CANDIDATE_EMBEDDING}
    assert not parity.gate.passed
    assert "2 sample queries and items are not in the data" in parity.gate.reason


def test_a_model_without_a_sample_passes(model: ModelWithData, tmp_path: Path) -> None:
    parity = measure(model, None, tmp_path)

    assert parity.gate.passed
    assert set(parity.report) == {"left_out"}
