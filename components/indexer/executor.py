"""The executor of ScannIndexer: unpacks artifacts for `build_bundle` and records the blessing."""

import time
from typing import Any

from tfx import types
from tfx.components.infra_validator import executor as infra_validator
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifacts import artifact_folders
from components.fragment import write_fragment
from components.indexer.build_bundle import build_bundle
from schemas.serving_settings import IndexSettings
from schemas.settings import DataSettings, from_json
from schemas.steps import INDEXER

InputDict = dict[str, list[types.Artifact]]


class Executor(base_executor.BaseExecutor):
    """Builds the bundle and blesses it if every index gate passes."""

    def Do(
        self, input_dict: InputDict, output_dict: InputDict, exec_properties: dict[str, Any]
    ) -> None:
        """Writes `bundle` with its `fragment.json`, and `infra_blessing`."""
        self._log_startup(input_dict, output_dict, exec_properties)
        started = time.monotonic()
        bundle = artifact_utils.get_single_instance(output_dict["bundle"])
        folders = artifact_folders(input_dict)
        bundled = build_bundle(
            path_utils.serving_model_path(folders["model"]),
            folders["catalogue"],
            folders["windows"],
            bundle.uri,
            from_json(DataSettings, exec_properties["data"]),
            from_json(IndexSettings, exec_properties["index_settings"]),
            is_reindex=bool(exec_properties["is_reindex"]),
        )
        blessing = artifact_utils.get_single_instance(output_dict["infra_blessing"])
        # TFX has no public function for this; the pusher reads the files that these two write.
        if bundled.passed:
            infra_validator._mark_blessed(blessing)
        else:
            infra_validator._mark_not_blessed(blessing)
        bundle.set_string_custom_property("kind", bundled.report["kind"])
        bundle.set_int_custom_property("candidates", bundled.report["candidates"])
        fragment = {
            "index": bundled.report,
            "gates": [gate.to_dict() for gate in bundled.gates],
            "seconds": time.monotonic() - started,
        }
        write_fragment(bundle.uri, INDEXER, fragment)
