"""The TFX executor of CatalogueExampleGen."""

from typing import Any

from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components.artifacts import set_examples_properties, set_reject_properties
from components.catalogue_gen.ingest import ingest_catalogue
from components.fragment import write_fragment
from schemas.features import CATALOGUE_SPLIT
from schemas.settings import DataSettings, from_json
from schemas.steps import CATALOGUE_EXAMPLE_GEN


class Executor(base_beam_executor.BaseBeamExecutor):
    """Runs the ingestion of the catalogue on the configured Beam runner."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the items files; writes the catalogue's examples and the rejects."""
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        rejects = artifact_utils.get_single_instance(output_dict["rejects"])
        report = ingest_catalogue(
            from_json(DataSettings, exec_properties["data"]),
            examples.uri,
            rejects.uri,
            self._make_beam_pipeline,
        )
        set_examples_properties(examples, (CATALOGUE_SPLIT,))
        for name in ("items", "logged_only", "readmitted", "never_logged"):
            count = getattr(report, name)
            if count is not None:
                examples.set_int_custom_property(name, count)
        set_reject_properties(rejects, report.read, report.kept, report.rejects)
        write_fragment(rejects.uri, CATALOGUE_EXAMPLE_GEN, report.to_dict())
