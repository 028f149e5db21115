"""The TFX executor of InteractionExampleGen."""

from typing import Any

from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components.example_gen.ingest import Outputs, ingest
from components.fragment import write_fragment
from schemas.features import EVENTS_SPLIT, STORED_SPLITS, USERS_SPLIT
from schemas.settings import DataSettings, from_json


class Executor(base_beam_executor.BaseBeamExecutor):
    """Runs the ingestion of the log on the configured Beam runner."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the log and the catalogue, writes windows, events, users and rejects."""
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
            describe_examples(artifacts[key], splits)
        for split, counts in report.splits.items():
            artifacts["windows"].set_int_custom_property(f"{split}_windows", counts["windows"])
        describe_rejects(artifacts["rejects"], report.read, report.kept, report.rejects)
        if report.users_file is not None:
            describe_rejects(artifacts["rejects"], **report.users_file, prefix="users_")
        write_fragment(
            artifacts["rejects"].uri, {"component": "InteractionExampleGen", **report.to_dict()}
        )


def describe_rejects(
    artifact: Artifact, read: int, kept: int, rejects: dict[str, int], prefix: str = ""
) -> None:
    """Sets the counts of one source as properties: `read`, `kept`, and one for each reason."""
    for name, count in {"read": read, "kept": kept, **rejects}.items():
        artifact.set_int_custom_property(prefix + name, count)


def describe_examples(artifact: Artifact, splits: tuple[str, ...]) -> None:
    """Sets what TFX's components read from an Examples artifact."""
    artifact.split_names = artifact_utils.encode_split_names(list(splits))
    tf_example = example_gen_pb2.FORMAT_TF_EXAMPLE  # type: ignore[attr-defined]
    examples_utils.set_payload_format(artifact, tf_example)
