"""Artifact types of the steps that have no standard TFX type, and helpers for their properties.

Kubeflow Pipelines allows one dot in a type name and no declared properties, so metadata is stored
in custom properties and in `fragment.json` next to the payload.
"""

import os
from collections.abc import Mapping

from tfx.components.evaluator import constants
from tfx.components.util import examples_utils
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components import files


class Rejects(Artifact):
    """Rejected records: `rejects.jsonl.gz`, with counts by reason as custom properties."""

    TYPE_NAME = "components.Rejects"


class DataVerdict(Artifact):
    """The results of the gates of DataGate: `fragment.json`, with `passed` as custom property."""

    TYPE_NAME = "components.DataVerdict"


class Evaluation(Artifact):
    """Metrics of the model and of the baselines on held-out data: `evaluation.json`."""

    TYPE_NAME = "components.Evaluation"


class Bundle(Artifact):
    """The SavedModels to push: `scann/`, and `portable/` without a custom op."""

    TYPE_NAME = "components.Bundle"


class CurrentModelInfo(Artifact):
    """The currently served model: `current.json`, without a version before the first push."""

    TYPE_NAME = "components.CurrentModelInfo"


class RunReport(Artifact):
    """The report of one run: `metrics.json`, `run.json` and `report.html`."""

    TYPE_NAME = "components.RunReport"


def artifact_folders(artifacts: Mapping[str, list[Artifact]]) -> dict[str, str]:
    """Returns the folder of the single artifact under each key, without keys that have none."""
    return {
        key: artifact_utils.get_single_uri(listed) for key, listed in artifacts.items() if listed
    }


def set_reject_properties(
    artifact: Artifact, read: int, kept: int, rejects: dict[str, int], prefix: str = ""
) -> None:
    """Sets the record counts of one source as custom properties.

    Args:
      artifact: The artifact to set them on.
      read: Number of records read.
      kept: Number of records kept.
      rejects: Number of rejected records by reason.
      prefix: Prefix of the property names.
    """
    for name, count in {"read": read, "kept": kept, **rejects}.items():
        artifact.set_int_custom_property(prefix + name, count)


def set_examples_properties(artifact: Artifact, splits: tuple[str, ...]) -> None:
    """Sets the split names and the payload format that TFX components read from Examples."""
    artifact.split_names = artifact_utils.encode_split_names(list(splits))
    examples_utils.set_payload_format(artifact, example_gen_pb2.FORMAT_TF_EXAMPLE)


def write_blessing(blessing: Artifact, is_blessed: bool) -> None:
    """Writes a ModelBlessing as TFX's Evaluator writes it, so that a pusher can read it."""
    name = constants.BLESSED_FILE_NAME if is_blessed else constants.NOT_BLESSED_FILE_NAME
    files.make_folder(blessing.uri)
    files.write_text(os.path.join(blessing.uri, name), "")
    blessing.set_int_custom_property(
        constants.ARTIFACT_PROPERTY_BLESSED_KEY,
        constants.BLESSED_VALUE if is_blessed else constants.NOT_BLESSED_VALUE,
    )
