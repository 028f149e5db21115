"""Artifact types that ML Metadata records for steps that TFX has no standard type for.

Kubeflow Pipelines allows one dot in a type name and no declared properties: what an artifact says
of itself goes into custom properties, and into `fragment.json` beside its payload.
"""

from collections.abc import Mapping

from tfx.components.util import examples_utils
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact


class Rejects(Artifact):
    """Rejected records: `rejects.jsonl.gz`, and counts by reason as custom properties."""

    TYPE_NAME = "components.Rejects"


class DataVerdict(Artifact):
    """What DataGate decided, gate by gate."""

    TYPE_NAME = "components.DataVerdict"


class Evaluation(Artifact):
    """Metrics of the model and of the baselines on held-out time: `evaluation.json`."""

    TYPE_NAME = "components.Evaluation"


class Bundle(Artifact):
    """What is pushed: `scann/` (or its exact stand-in) and `exact/`, its op-free twin."""

    TYPE_NAME = "components.Bundle"


class CurrentModelInfo(Artifact):
    """What serves now: `current.json`, empty of a version before the first push."""

    TYPE_NAME = "components.CurrentModelInfo"


class RunReport(Artifact):
    """`metrics.json`, `run.json` and `report.html` of one run."""

    TYPE_NAME = "components.RunReport"


def artifact_folders(artifacts: Mapping[str, list[Artifact]]) -> dict[str, str]:
    """The folder of the single artifact under each key; keys without an artifact are left out."""
    return {key: artifact_utils.get_single_uri(found) for key, found in artifacts.items() if found}


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
