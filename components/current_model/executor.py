"""Writes `current.json`: what serves as the run starts."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.current_model.find import find_current
from components.current_model.read import write_current
from components.progress import progress


class Executor(base_executor.BaseExecutor):
    """Looks into the push destination."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Finds what serves and writes it to artifact `current`."""
        self._log_startup(input_dict, output_dict, exec_properties)
        state = find_current(exec_properties["serving_dir"], exec_properties["exact_dir"])
        current = artifact_utils.get_single_instance(output_dict["current"])
        write_current(current.uri, state)
        current.set_string_custom_property("version", state.version or "")
        serves = f"version {state.version} serves now" if state.version else "nothing serves yet"
        progress.info(serves)
