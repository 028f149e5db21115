"""Runs `evaluate` on TFX artifacts, and writes the blessing in the format of TFX's Evaluator."""

import json
import os
import time
from typing import Any

from tfx import types
from tfx.components.evaluator import constants
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components import files
from components.artifacts import artifact_folders, write_blessing
from components.current_model.state import read_current_model
from components.evaluator.evaluate import ILLUSTRATIONS, USER_METRICS, evaluate
from components.evaluator.user_metrics import write_user_metrics
from components.fragment import write_fragment
from components.gate import GateResult, log_gates
from schemas.evaluation_settings import EvaluationSettings
from schemas.settings import DataSettings, from_json
from schemas.steps import EVALUATION_FILE, EVALUATOR


class Executor(base_executor.BaseExecutor):
    """Evaluates the model on the test split and blesses it if all gates pass."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `evaluation.json`, the metrics per user, the report fragment and the blessing."""
        self._log_startup(input_dict, output_dict, exec_properties)
        started = time.monotonic()
        model = artifact_utils.get_single_instance(input_dict["model"])
        folders = artifact_folders(input_dict)
        current = read_current_model(folders["current"])
        evaluation = evaluate(
            model_path=path_utils.serving_model_path(model.uri),
            windows_uri=folders["windows"],
            catalogue_uri=folders["catalogue"],
            served=current,
            data=from_json(DataSettings, exec_properties["data"]),
            settings=from_json(EvaluationSettings, exec_properties["evaluation_settings"]),
        )
        user_metrics = evaluation.pop(USER_METRICS)
        seconds = time.monotonic() - started
        artifact = artifact_utils.get_single_instance(output_dict["evaluation"])
        _write_evaluation(artifact, evaluation, seconds)
        write_user_metrics(artifact.uri, user_metrics)
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        _write_blessing(blessing, model, all(gate["passed"] for gate in evaluation["gates"]))
        if current.version:
            blessing.set_string_custom_property("compared_with_version", current.version)
        log_gates(GateResult(**gate) for gate in evaluation["gates"])


def _write_evaluation(artifact: types.Artifact, evaluation: dict[str, Any], seconds: float) -> None:
    measured = {key: value for key, value in evaluation.items() if key != ILLUSTRATIONS}
    text = json.dumps(measured, indent=1, sort_keys=True, allow_nan=False)
    files.make_folder(artifact.uri)
    files.write_text(os.path.join(artifact.uri, EVALUATION_FILE), text)
    write_fragment(artifact.uri, EVALUATOR, {**evaluation, "seconds": round(seconds, 3)})
    _set_properties(artifact, evaluation)


def _set_properties(artifact: types.Artifact, evaluation: dict[str, Any]) -> None:
    """Sets the custom properties of the Evaluation artifact, for queries to ML Metadata.

    METRIC is a metric of the model under the headline protocol, `baselines/NAME/METRIC` that of a
    baseline, `current/METRIC` that of the currently served model, and `PROTOCOL/METRIC` that of the
    model under another protocol. Intervals, baseline settings, diagnosis and gates are JSON text.
    """
    artifact.set_string_custom_property("protocol", evaluation["protocol"]["name"])
    artifact.set_int_custom_property("targets", evaluation["protocol"]["targets"])
    test = evaluation["test"]
    metrics_by_prefix = {
        "": test["model"],
        **{f"baselines/{name}/": values for name, values in test["baselines"].items()},
        **({"current/": test["current"]} if "current" in test else {}),
        **{
            f"{protocol}/": report["test"]["model"]
            for protocol, report in evaluation["protocols"].items()
        },
    }
    for prefix, metrics in metrics_by_prefix.items():
        for metric, value in metrics.items():
            artifact.set_float_custom_property(prefix + metric, value)
    for key in ("confidence", "baselines", "diagnosis", "gates"):
        artifact.set_string_custom_property(key, json.dumps(evaluation[key], sort_keys=True))


def _write_blessing(blessing: types.Artifact, model: types.Artifact, is_blessed: bool) -> None:
    write_blessing(blessing, is_blessed)
    blessing.set_string_custom_property(
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri
    )
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
