"""The TFX executor of InteractionExampleGen."""

from typing import Any

from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components.artifacts import set_examples_properties, set_reject_properties
from components.example_gen.ingest import Outputs, ingest
from components.fragment import write_fragment
from schemas.features import EVENTS_SPLIT, STORED_SPLITS, USERS_SPLIT
from schemas.settings import DataSettings, from_json
from schemas.steps import INTERACTION_EXAMPLE_GEN


class Executor(base_beam_executor.BaseBeamExecutor):
    """Runs the ingestion of the log on the configured Beam runner."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the log and the catalogue; writes windows, events, users and rejects."""
        artifacts = {
            key: artifact_utils.get_single_instance(output_dict[key])
            for key in ("windows", "events", "users", "rejects")
        }
        report = ingest(
            from_json(DataSettings, exec_properties["data"]),
            artifact_utils.get_single_uri(input_dict["catalogue"]),
            Outputs(**{key: artifact.uri for key, artifact in artifacts.items()}),
            self._make_beam_pipeline,
        )
        for key, splits in (
            ("windows", STORED_SPLITS),
            ("events", (EVENTS_SPLIT,)),
            ("users", (USERS_SPLIT,)),
        ):
            set_examples_properties(artifacts[key], splits)
        for split, counts in report.splits.items():
            artifacts["windows"].set_int_custom_property(f"{split}_windows", counts["windows"])
        set_reject_properties(artifacts["rejects"], report.read, report.kept, report.rejects)
        if report.users_file is not None:
            set_reject_properties(artifacts["rejects"], **report.users_file, prefix="users_")
        write_fragment(artifacts["rejects"].uri, INTERACTION_EXAMPLE_GEN, report.to_dict())
