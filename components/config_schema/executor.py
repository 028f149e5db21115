"""The executor of ConfigSchema: writes the three schemas as standard TFX Schema artifacts."""

import os
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components.config_schema.build import build_schemas, read_curated_schema
from components.progress import progress
from schemas.features import feature_table
from schemas.settings import DataSettings, from_json
from schemas.steps import SCHEMA_FILE


class Executor(base_executor.BaseExecutor):
    """Builds the schemas from the configuration and the curated schema, without reading data."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `schema.pbtxt` into each of the three artifacts."""
        self._log_startup(input_dict, output_dict, exec_properties)
        table = feature_table(from_json(DataSettings, exec_properties["data"]))
        path = exec_properties["curated"]
        schemas = build_schemas(table, read_curated_schema(path) if path else None)
        for key, schema in (
            ("windows_schema", schemas.windows),
            ("events_schema", schemas.events),
            ("catalogue_schema", schemas.catalogue),
        ):
            uri = artifact_utils.get_single_uri(output_dict[key])
            io_utils.write_pbtxt_file(os.path.join(uri, SCHEMA_FILE), schema)
        progress.info("schemas built from the configuration%s", f" and {path}" if path else "")
