"""Every signature of an exported model gives the outputs of training for raw data."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components.evaluator.embed import SignatureEncoder
from components.evaluator.tower_parity import EXACT_SEARCH, measure_parity
from components.examples.read import RawCatalogue, RawWindows, read_raw_catalogue, read_raw_windows
from components.indexer.model.serving_model import ServingOptions
from components.indexer.probe.parity_cases import build_parity_cases
from components.indexer.probe.replay import replay_cases
from components.indexer.probe.served_model import ServedModel
from components.parity.compare import TOLERANCE
from components.parity.result import ParityResult
from components.parity.sample_file import ParitySample, read_sample
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from components.trainer.export.parity_sample import parity_sample
from schemas import serving, serving_specs
from schemas.features import FeatureTable, feature_table
from schemas.serving_settings import IndexSettings
from tests.components.trainer.conftest import NUM_ITEMS, Exported
from tests.components.trainer.datasets import Row
from tests.examples import write_split
from tests.serving.exported_bundle import export_index

Tensors = dict[str, tf.Tensor]
NUM_WINDOWS = 8
K = 12


@dataclass(frozen=True)
class Raw:
    """The raw data of the dataset, in the format of the example generators."""

    windows_uri: str
    catalogue_uri: str
    windows: dict[str, RawWindows]
    catalogue: RawCatalogue


@pytest.fixture(scope="module")
def raw(rich: Exported, tmp_path_factory: pytest.TempPathFactory) -> Raw:
    folder = tmp_path_factory.mktemp("raw")
    windows_uri, catalogue_uri = str(folder / "windows"), str(folder / "catalogue")
    splits = {"train": rich.dataset.train, "eval": rich.dataset.evaluation[::-1], "test": []}
    for split, rows in splits.items():
        write_split(windows_uri, split, map(_texts, rows))
    write_split(catalogue_uri, "catalogue", map(_texts, rich.dataset.items[::-1]))
    table = feature_table(rich.dataset.settings)
    windows = {split: read_raw_windows(windows_uri, split, table) for split in splits}
    return Raw(windows_uri, catalogue_uri, windows, read_raw_catalogue(catalogue_uri, table))


def _texts(row: Row) -> Row:
    return {
        name: [value.decode() if isinstance(value, bytes) else value for value in values]
        for name, values in row.items()
    }


@pytest.fixture(scope="module")
def sample(rich: Exported) -> ParitySample:
    sample = read_sample(str(rich.path))
    assert sample is not None
    return sample


def measure(rich: Exported, raw: Raw, signatures: str | None = None) -> ParityResult:
    """Compares a model, by default the exported one, with the training code."""
    encoder = SignatureEncoder(signatures or str(rich.path), feature_table(rich.dataset.settings))
    candidates = encoder.candidates(raw.catalogue)
    return measure_parity(
        str(rich.path), encoder, candidates, raw.catalogue, raw.windows, rich.dataset.settings
    )


def test_the_sample_contains_windows_of_split_eval_and_all_items(
    rich: Exported, sample: ParitySample
) -> None:
    assert sample.split == "eval"
    assert len(sample) == 64  # split eval has 72 targets
    assert len(set(sample.window)) == NUM_WINDOWS
    assert set(sample.num_events) == {9}
    assert {0, 1, 7, 8} <= set(sample.position) <= set(range(9))
    assert sample.item_id.tolist() == rich.trained.candidates.item_id.tolist()


def test_the_exported_towers_have_the_outputs_of_training(rich: Exported, raw: Raw) -> None:
    parity = measure(rich, raw)

    assert parity.gate.passed, parity.gate.reason
    assert 0.0 <= parity.report["max_difference"] <= TOLERANCE
    assert parity.report["equal_lists"] == 1.0
    assert (parity.report["ambiguous"], parity.report["missing"]) == (0, 0)
    assert {name: one["rows"] for name, one in parity.report["signatures"].items()} == {
        serving.QUERY_EMBEDDING: 64,
        serving.CANDIDATE_EMBEDDING: NUM_ITEMS,
        EXACT_SEARCH: 64,
    }


@pytest.fixture(scope="module")
def exact_model(rich: Exported, raw: Raw, tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    folder = tmp_path_factory.mktemp("bundle")
    settings = IndexSettings(kind="exact", k=K, max_k=K)
    export_index(
        str(rich.path),
        raw.catalogue_uri,
        raw.windows_uri,
        str(folder),
        rich.dataset.settings,
        settings,
    )
    return ServedModel(str(folder / "portable"))


def options(table: FeatureTable, max_history: int) -> ServingOptions:
    return ServingOptions(table, k=K, max_k=K, max_history=max_history, exclude_history=False)


def test_every_signature_of_the_exact_model_has_the_outputs_of_training(
    rich: Exported, raw: Raw, sample: ParitySample, exact_model: ServedModel
) -> None:
    settings = rich.dataset.settings
    chosen = options(feature_table(settings), settings.history.max_length)

    cases = build_parity_cases(sample, raw.windows["eval"], raw.catalogue, chosen)
    compared = replay_cases(exact_model, cases.cases)

    assert {name: one.rows for name, one in compared.items()} == {
        serving.DEFAULT: 64,
        serving.RECOMMEND: 64,
        serving.RECOMMEND_EXAMPLES: 64,
        serving.QUERY_EMBEDDING: 64,
        serving.SIMILAR_ITEMS: NUM_ITEMS,
        serving.CANDIDATE_EMBEDDING: NUM_ITEMS,
    }
    assert {name: one for name, one in compared.items() if not one.is_equal} == {}
    bare, full = (sample.outputs[name]["score"] for name in (serving.DEFAULT, serving.RECOMMEND))
    assert (
        np.abs(bare - full).max() > 1e-2
    )  # inputs that serving_default does not take have an effect


def export_broken(rich: Exported, path: Path, change: Callable[[Tensors], Tensors]) -> str:
    """Exports the model with signatures that change their inputs."""
    outer = tf.Module()
    outer.towers = tf.saved_model.load(str(rich.path))
    table = feature_table(rich.dataset.settings)

    def broken(name: str, specs: serving_specs.Specs) -> Any:
        inner = outer.towers.signatures[name]
        serve = tf.function(lambda **inputs: inner(**change(inputs)), autograph=False)
        return serve.get_concrete_function(**specs)

    signatures = {
        serving.QUERY_EMBEDDING: broken(serving.QUERY_EMBEDDING, serving_specs.query_specs(table)),
        serving.CANDIDATE_EMBEDDING: broken(
            serving.CANDIDATE_EMBEDDING, serving_specs.candidate_specs(table)
        ),
    }
    tf.saved_model.save(outer, str(path), signatures)
    return str(path)


def _other_default(name: str) -> Callable[[Tensors], Tensors]:
    def change(inputs: Tensors) -> Tensors:
        if name not in inputs:
            return inputs
        value = inputs[name]
        return {**inputs, name: tf.where(tf.math.is_nan(value), 0.0, value)}

    return change


def _times_shifted_by_one_event(inputs: Tensors) -> Tensors:
    if serving.HISTORY_TIMESTAMP not in inputs:
        return inputs
    times = tf.roll(inputs[serving.HISTORY_TIMESTAMP], 1, axis=1)
    return {**inputs, serving.HISTORY_TIMESTAMP: times}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_other_default("battery"), serving.QUERY_EMBEDDING),
        (_times_shifted_by_one_event, serving.QUERY_EMBEDDING),
        (_other_default("price"), serving.CANDIDATE_EMBEDDING),
    ],
)
def test_a_signature_with_other_outputs_fails_the_gate(
    rich: Exported,
    raw: Raw,
    tmp_path: Path,
    change: Callable[[Tensors], Tensors],
    named: str,
) -> None:
    parity = measure(rich, raw, export_broken(rich, tmp_path / "broken", change))

    assert not parity.gate.passed
    assert parity.gate.value == parity.report["max_difference"] > 100 * TOLERANCE
    assert f"{named} differs from training by" in parity.gate.reason
    assert "train again" in parity.gate.reason
    towers = {serving.QUERY_EMBEDDING, serving.CANDIDATE_EMBEDDING}
    (other,) = towers - {named}
    assert parity.report["signatures"][other]["max_difference"] <= TOLERANCE


def without_repeats(windows: TransformedWindows) -> TransformedWindows:
    """Returns windows in which no target has the item of the event before it."""
    rows, weight = windows.events[ROW], windows.events[WEIGHT]
    repeats = np.append(False, rows[1:] == rows[:-1])
    return replace(windows, events={**windows.events, WEIGHT: np.where(repeats, 0.0, weight)})


def test_an_exact_model_with_other_options_differs(
    rich: Exported, raw: Raw, exact_model: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    # training excludes the history, and the exact model does not
    settings = rich.dataset.settings
    monkeypatch.setattr(rich.trained.towers, "excludes_history", True)
    trained = replace(rich.trained, sample=without_repeats(rich.trained.sample))
    excluding = parity_sample(trained, has_user_table=True)
    chosen = options(feature_table(settings), settings.history.max_length)
    cases = build_parity_cases(excluding, raw.windows["eval"], raw.catalogue, chosen)

    compared = replay_cases(exact_model, cases.cases)

    wrong = {name for name, one in compared.items() if not one.is_equal}
    assert wrong >= {serving.DEFAULT, serving.RECOMMEND, serving.RECOMMEND_EXAMPLES}
    assert not wrong & {serving.SIMILAR_ITEMS, serving.CANDIDATE_EMBEDDING}
    for query, position in enumerate(excluding.position):
        row = excluding.outputs[serving.RECOMMEND]["item_id"][query]
        assert len(set(row)) == 10
        if position:
            window = next(
                window
                for window in range(NUM_WINDOWS)
                if raw.windows["eval"].timestamp[9 * window + 8] == excluding.last_s[query]
            )
            history = raw.windows["eval"].item_id[9 * window : 9 * window + position]
            assert not set(row) & set(history)


def test_user_features_by_id_change_the_outputs_of_serving_default_only(rich: Exported) -> None:
    with_table, without_table = (
        parity_sample(rich.trained, has_user_table=has_table) for has_table in (True, False)
    )

    for signature, answer in with_table.outputs.items():
        other = without_table.outputs[signature]
        for name, values in answer.items():
            is_same = np.array_equal(values, other[name])
            assert is_same == (signature != serving.DEFAULT)
