"""Artifact types that ML Metadata records for steps that TFX has no standard type for.

Kubeflow Pipelines allows one dot in a type name and no declared properties: what an artifact says
of itself goes into custom properties, and into `fragment.json` beside its payload.
"""

from tfx.types.artifact import Artifact


class Rejects(Artifact):
    """Refused records: `rejects.jsonl.gz`, and counts by reason as custom properties."""

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
