"""Writes the verdict, then stops the run where a gate rejects."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.artifacts import artifact_folders
from components.current_model.read import read_current
from components.data_gate.decide import CatalogueInputs, GateInputs, decide, decide_on_catalogue
from components.fragment import write_fragment
from components.gate import GateRejectedError, GateResult, log_gates
from schemas.settings import DataSettings, from_json
from schemas.steps import DATA_GATE


class Executor(base_executor.BaseExecutor):
    """Unpacks artifacts into paths; the verdict is written before a rejection is raised."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Decides on the data.

        Raises:
          GateRejectedError: A gate rejected; the message names each with its reason.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        gates = _decide(
            artifact_folders(input_dict), from_json(DataSettings, exec_properties["data"])
        )
        verdict = artifact_utils.get_single_instance(output_dict["verdict"])
        passed = all(gate.passed for gate in gates)
        verdict.set_int_custom_property("passed", int(passed))
        write_fragment(verdict.uri, DATA_GATE, {"gates": [gate.to_dict() for gate in gates]})
        log_gates(gates)
        if not passed:
            raise GateRejectedError(gates)


def _decide(folders: dict[str, str], data: DataSettings) -> list[GateResult]:
    """On the events as well, where there are any."""
    if "current" not in folders:
        return decide_on_catalogue(CatalogueInputs(**folders), data)
    current = read_current(folders.pop("current"))
    return decide(GateInputs(**folders, reference_statistics=current.statistics_path), data)
