"""The TFX component and its executor: channels, files and properties."""

import json
from pathlib import Path
from typing import Any

import pytest
from tfx import types
from tfx.types import standard_artifacts

from components import artifacts
from components.current_model.state import CurrentModelState, write_current_model
from components.evaluator.component import RetrievalEvaluator
from components.evaluator.executor import Executor
from components.fragment import read_fragment
from schemas.evaluation_settings import EvaluationSettings, ModelGateSettings
from schemas.settings import to_json
from tests.components.evaluator.logs import (
    data_settings,
    save_successor_model,
    write_catalogue,
    write_windows,
)

ITEMS = [f"item {n}" for n in range(8)]


def artifact(kind: type[types.Artifact], uri: Path) -> types.Artifact:
    created = kind()
    created.uri = str(uri)
    return created


def execute(
    root: Path, gates: ModelGateSettings, current: CurrentModelState, target: str = ITEMS[3]
) -> dict[str, Any]:
    """Runs the executor as a TFX launcher does, and returns its output artifacts."""
    train = [(f"u{n}", [(ITEMS[n], n, 1), (ITEMS[n + 1], n + 10, 1)]) for n in range(5)]
    test = [("u1", [(ITEMS[1], 1, 0), (ITEMS[2], 11, 0), (target, 30, 1)])]
    write_windows(str(root / "windows"), {"train": train, "eval": [], "test": test})
    write_catalogue(str(root / "catalogue"), ITEMS)
    save_successor_model(str(root / "model" / "Format-Serving"), ITEMS)
    write_current_model(str(root / "current"), current)
    inputs = {
        "model": [artifact(standard_artifacts.Model, root / "model")],
        "windows": [artifact(standard_artifacts.Examples, root / "windows")],
        "catalogue": [artifact(standard_artifacts.Examples, root / "catalogue")],
        "current": [artifact(artifacts.CurrentModelInfo, root / "current")],
    }
    outputs = {
        "evaluation": [artifact(artifacts.Evaluation, root / "evaluation")],
        "blessing": [artifact(standard_artifacts.ModelBlessing, root / "blessing")],
    }
    properties = {
        "data": to_json(data_settings()),
        "evaluation_settings": to_json(EvaluationSettings(bootstrap_samples=200, gates=gates)),
        "code_version": "1",
    }
    Executor().Do(inputs, outputs, properties)
    return {key: output for key, (output,) in outputs.items()}


def test_a_model_that_passes_all_gates_is_blessed(tmp_path: Path) -> None:
    outputs = execute(tmp_path, ModelGateSettings(metric="mrr"), CurrentModelState())

    evaluation = json.loads((tmp_path / "evaluation" / "evaluation.json").read_text())
    fragment = read_fragment(outputs["evaluation"].uri)
    assert fragment is not None
    assert fragment.pop("component") == "RetrievalEvaluator"
    assert fragment.pop("seconds") >= 0
    assert fragment.pop("illustrations")["items"]["id"]
    assert fragment == evaluation
    assert outputs["evaluation"].get_float_custom_property("mrr") == 1.0
    properties = outputs["evaluation"]
    assert properties.get_int_custom_property("targets") == 1
    assert properties.get_string_custom_property("protocol") == "successive"
    markov = evaluation["test"]["baselines"]["markov"]
    assert properties.get_float_custom_property("baselines/markov/ndcg@10") == markov["ndcg@10"]
    assert properties.get_float_custom_property("all_future/recall@1") == 1.0
    for key in ("confidence", "baselines", "diagnosis", "gates"):
        assert json.loads(properties.get_string_custom_property(key)) == evaluation[key]
    assert (tmp_path / "blessing" / "BLESSED").exists()
    assert not (tmp_path / "blessing" / "NOT_BLESSED").exists()
    assert outputs["blessing"].get_int_custom_property("blessed") == 1
    assert outputs["blessing"].get_string_custom_property("current_model") == str(
        tmp_path / "model"
    )


def test_a_rejected_model_is_not_blessed_and_its_gates_are_in_the_evaluation(
    tmp_path: Path,
) -> None:
    portable_model = save_successor_model(str(tmp_path / "portable" / "7"), ITEMS)
    serving = CurrentModelState(version="7", serving_path="", towers_path=portable_model)

    gates = ModelGateSettings(better_than=("markov",), not_worse_than=(), metric="recall@1")
    # An item that neither the model nor the baseline ranks first.
    outputs = execute(tmp_path, gates, serving, target=ITEMS[6])

    evaluation = json.loads((tmp_path / "evaluation" / "evaluation.json").read_text())
    outcomes = {gate["name"]: (gate["passed"], gate["verdict"]) for gate in evaluation["gates"]}
    assert outcomes == {
        "model.against_markov": (False, "undecided"),
        "model.against_served": (True, "undecided"),
        "model.served_slices": (True, "undecided"),
        "model.coverage": (True, None),
        "model.embedding_health": (True, "undecided"),
        "model.parity": (True, None),
    }
    assert evaluation["test"]["current"] == evaluation["test"]["model"]
    assert (tmp_path / "blessing" / "NOT_BLESSED").exists()
    assert outputs["blessing"].get_int_custom_property("blessed") == 0
    assert outputs["blessing"].get_string_custom_property("compared_with_version") == "7"


def test_component_wires_its_channels() -> None:
    component = RetrievalEvaluator(
        model=types.Channel(type=standard_artifacts.Model),
        windows=types.Channel(type=standard_artifacts.Examples),
        catalogue=types.Channel(type=standard_artifacts.Examples),
        current=types.Channel(type=artifacts.CurrentModelInfo),
        data="{}",
        evaluation_settings="{}",
        code_version="1",
    )

    assert component.id == "RetrievalEvaluator"
    assert set(component.inputs) == {"model", "windows", "catalogue", "current"}
    assert component.outputs["evaluation"].type is artifacts.Evaluation
    assert component.outputs["blessing"].type is standard_artifacts.ModelBlessing
    with pytest.raises(TypeError):
        RetrievalEvaluator(model=None)  # type: ignore[call-arg, arg-type]
