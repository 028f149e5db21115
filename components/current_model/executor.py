"""The executor of CurrentModel: writes `current.json`, the model served when the run starts."""

from dataclasses import asdict
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.current_model.find import find_current_model
from components.current_model.state import CurrentModelState, write_current_model
from components.fragment import write_fragment
from components.progress import progress
from components.pusher.manifest import read_manifest
from schemas.steps import CURRENT_MODEL


class Executor(base_executor.BaseExecutor):
    """Reads the push destination."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Finds the currently served model and writes its state to artifact `current`."""
        self._log_startup(input_dict, output_dict, exec_properties)
        state = find_current_model(exec_properties["serving_dir"], exec_properties["portable_dir"])
        current = artifact_utils.get_single_instance(output_dict["current"])
        write_current_model(current.uri, state)
        write_fragment(current.uri, CURRENT_MODEL, {"serving": _serving(state)})
        current.set_string_custom_property("version", state.version or "")
        if state.version:
            progress.info("version %s is currently served", state.version)
        else:
            progress.info("no model is served yet")


def _serving(state: CurrentModelState) -> dict[str, Any] | None:
    """Returns the manifest of the served version for the report; None if nothing is served."""
    return asdict(read_manifest(state.serving_path)) if state.serving_path else None
