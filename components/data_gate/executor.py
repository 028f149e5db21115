"""The executor of DataGate: writes the results of the gates, and stops the run on a rejection."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.artifacts import artifact_folders
from components.current_model.state import read_current_model
from components.data_gate.apply_gates import (
    CatalogueInputs,
    GateInputs,
    apply_catalogue_gates,
    apply_gates,
)
from components.fragment import write_fragment
from components.gate import GateRejectedError, GateResult, log_gates
from schemas.serving_settings import PushSettings
from schemas.settings import DataSettings, from_json
from schemas.steps import DATA_GATE


class Executor(base_executor.BaseExecutor):
    """Applies the gates; the results are written before a rejection is raised."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Applies the gates and writes their results to artifact `verdict`.

        Raises:
          GateRejectedError: A gate rejected the data; the message lists each such gate with its
            reason.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        gates = _apply_gates(
            artifact_folders(input_dict),
            from_json(DataSettings, exec_properties["data"]),
            from_json(PushSettings, exec_properties["push"]).max_catalogue_drop,
        )
        verdict = artifact_utils.get_single_instance(output_dict["verdict"])
        passed = all(gate.passed for gate in gates)
        verdict.set_int_custom_property("passed", int(passed))
        write_fragment(verdict.uri, DATA_GATE, {"gates": [gate.to_dict() for gate in gates]})
        log_gates(gates)
        if not passed:
            raise GateRejectedError(gates)


def _apply_gates(
    folders: dict[str, str], data: DataSettings, max_catalogue_drop: float | None
) -> list[GateResult]:
    """Applies all gates, or those on the catalogue only if the step has no events."""
    current = read_current_model(folders.pop("current"))
    if "events" not in folders:
        inputs = CatalogueInputs(**folders, current=current)
        return apply_catalogue_gates(inputs, data, max_catalogue_drop)
    return apply_gates(GateInputs(**folders, current=current), data, max_catalogue_drop)
