"""An execution of VersionedPusher with small artifacts."""

import json
from pathlib import Path
from typing import Any, ClassVar

from tfx import types
from tfx.types import standard_artifacts

from components import artifacts
from components.fragment import read_fragment
from components.pusher.executor import Executor
from tests.components.pusher.bundles import Destination, write_bundle, write_towers


def blessing(kind: type[types.Artifact], root: Path, blessed: int) -> list[types.Artifact]:
    artifact = kind()
    artifact.uri = str(root / str(kind.TYPE_NAME))
    artifact.set_int_custom_property("blessed", blessed)
    return [artifact]


def artifact_at(kind: type[types.Artifact], path: Path) -> list[types.Artifact]:
    artifact = kind()
    artifact.uri = str(path)
    path.mkdir(parents=True, exist_ok=True)
    return [artifact]


class Push:
    """An execution of the pusher with artifacts under `root`."""

    reindex_of = ""
    label = "stable"
    provenance: ClassVar[dict[str, Any]] = {"run": {"launch": "{{$.pipeline_job_uuid}}"}}

    def __init__(self, root: Path):
        self.destination = Destination(root)
        write_bundle(root / "bundle")
        statistics = root / "statistics"
        (statistics / "Split-events").mkdir(parents=True)
        (statistics / "Split-events/FeatureStats.pb").write_bytes(b"statistics")
        self.inputs = {
            "bundle": artifact_at(artifacts.Bundle, root / "bundle"),
            "model": artifact_at(standard_artifacts.Model, root / "model"),
            "model_blessing": blessing(standard_artifacts.ModelBlessing, root, 1),
            "infra_blessing": blessing(standard_artifacts.InfraBlessing, root, 1),
            "evaluation": artifact_at(artifacts.Evaluation, root / "evaluation"),
            "events_statistics": artifact_at(standard_artifacts.ExampleStatistics, statistics),
        }
        write_towers(root / "model" / "Format-Serving", "trained")
        evaluation = {
            "protocol": {"name": "successive"},
            "test": {"model": {"recall@10": 0.25}},
            "train_end_s": 1_700_000_000,
            "split_policy": "temporal",
        }
        (root / "evaluation/evaluation.json").write_text(json.dumps(evaluation))
        (self.pushed_model,) = artifact_at(standard_artifacts.PushedModel, root / "pushed_model")

    def run(self) -> dict[str, Any]:
        """Runs the executor and returns its fragment."""
        Executor().Do(
            self.inputs,
            {"pushed_model": [self.pushed_model]},
            {
                "name": "demo",
                "serving_dir": str(self.destination.serving),
                "portable_dir": str(self.destination.portable),
                "ids": '{"normalise": ["case"]}',
                "keep_versions": 5,
                "label": self.label,
                "code_version": "c0",
                "launch": "1",
                "reindex_of": self.reindex_of,
                "provenance": json.dumps(self.provenance),
            },
        )
        fragment = read_fragment(self.pushed_model.uri)
        assert fragment is not None
        return fragment
