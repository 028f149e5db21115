"""The executor of TowerRefit, which passes the paths of its artifacts to `refit`."""

from typing import Any, cast

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifacts import artifact_folders, write_blessing
from components.fragment import write_fragment
from components.refit.run import RefitPaths, refit
from schemas.model_settings import Refit
from schemas.settings import DataSettings, from_json
from schemas.steps import REFIT

ArtifactsByKey = dict[str, list[types.Artifact]]


class Executor(BaseExecutor):
    """Refits the towers, and blesses them if all gates pass."""

    def Do(
        self,
        input_dict: ArtifactsByKey,
        output_dict: ArtifactsByKey,
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `refitted` with its `fragment.json`, and `blessing`."""
        self._log_startup(input_dict, output_dict, exec_properties)
        model = artifact_utils.get_single_instance(output_dict["refitted"])
        folders = artifact_folders(input_dict)
        paths = RefitPaths(
            **{**folders, "model": path_utils.serving_model_path(folders["model"])},
            serving_model=path_utils.serving_model_dir(model.uri),
        )
        done = refit(
            paths,
            from_json(DataSettings, exec_properties["data"]),
            cast(Refit, exec_properties["kind"]),
        )
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        write_blessing(blessing, done.passed)
        gates = [gate.to_dict() for gate in done.gates]
        write_fragment(model.uri, REFIT, {**done.report, "gates": gates})
