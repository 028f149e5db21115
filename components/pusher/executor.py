"""The executor of VersionedPusher: publishes a bundle if all blessings allow it."""

import json
import os
import time
from typing import Any

from tfx import types
from tfx.components.pusher import executor as tfx_pusher
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components import files
from components.artifacts import artifact_folders
from components.fragment import read_fragment, write_fragment
from components.progress import progress
from components.pusher.manifest import Manifest
from components.pusher.publish import PublishedVersion, publish
from schemas.errors import InputError
from schemas.features import EVENTS_SPLIT
from schemas.id_settings import IdsSettings
from schemas.settings import from_json
from schemas.steps import EVALUATION_FILE, PUSHER, STATISTICS_FILE
from schemas.version_labels import STABLE
from schemas.version_set import installed_digest, recorded_set

_REMEDIES = {
    "model_blessing": (
        "see the gates of RetrievalEvaluator: train on more or better data, or change "
        "evaluation.gates in the configuration"
    ),
    "refit_blessing": (
        "see the gates of TowerRefit: look at the newest part of the log, or set train.refit to "
        "none"
    ),
    "infra_blessing": (
        "see the gates of ScannIndexer: change index.recall_target, index.max_latency_ms or the "
        "key in the reason of the gate"
    ),
}

# The bundle of towers that were not refitted has no such blessing.
_OPTIONAL = frozenset({"refit_blessing"})

InputDict = dict[str, list[types.Artifact]]


class Executor(tfx_pusher.Executor):
    """Publishes the bundle if it has all blessings; otherwise reports the rejection."""

    def Do(
        self, input_dict: InputDict, output_dict: InputDict, exec_properties: dict[str, Any]
    ) -> None:
        """Writes `pushed_model` and its `fragment.json` with the outcome and its reason."""
        self._log_startup(input_dict, output_dict, exec_properties)
        started = time.monotonic()
        pushed_model = artifact_utils.get_single_instance(output_dict["pushed_model"])
        rejection = self._rejection(input_dict)
        if rejection:
            self._MarkNotPushed(pushed_model)
            fragment = _rejected_fragment(rejection)
        else:
            folders = artifact_folders(input_dict)
            manifest = _manifest(folders, exec_properties)
            published = _publish(folders, exec_properties, manifest)
            self._MarkPushed(
                pushed_model,
                pushed_destination=published.serving_path,
                pushed_version=published.version,
            )
            fragment = _pushed_fragment(published, manifest, exec_properties["label"])
        progress.info(fragment["reason"])
        fragment["seconds"] = time.monotonic() - started
        write_fragment(pushed_model.uri, PUSHER, fragment)

    def _rejection(self, input_dict: InputDict) -> str:
        """Returns why the bundle must not be pushed; "" if it has all blessings."""
        reasons = []
        for key, remedy in _REMEDIES.items():
            name = key.replace("_", " ")
            if key in _OPTIONAL and not input_dict.get(key):
                continue
            if not input_dict.get(key):
                reasons.append(f"the {name} is missing; connect the component that produces it")
            elif not self.CheckBlessing({key: input_dict[key]}):
                reasons.append(f"the {name} was denied; {remedy}")
        return f"not pushed: {'; '.join(reasons)}." if reasons else ""


def _manifest(folders: dict[str, str], exec_properties: dict[str, Any]) -> Manifest:
    evaluation = _read_evaluation(folders["evaluation"])
    ids = from_json(IdsSettings, exec_properties["ids"])
    index = (read_fragment(folders["bundle"]) or {}).get("index", {})
    # Those of the evaluation are of the training, and a re-index has another catalogue.
    catalogue = {
        size: index[key]
        for size, key in (("items", "candidates"), ("listed_items", "listed_items"))
        if key in index
    }
    return Manifest(
        name=exec_properties["name"],
        metrics=evaluation["test"]["model"],
        protocol=evaluation["protocol"],
        sizes={**evaluation.get("sizes", {}), **catalogue},
        as_of=index.get("as_of"),
        reindex_of=exec_properties["reindex_of"],
        id_rules=[rule.value for rule in ids.normalise],
        version_set=recorded_set(),
        train_end_s=evaluation.get("train_end_s"),
        split_policy=evaluation.get("split_policy"),
        provenance=_provenance(exec_properties),
    )


def _provenance(exec_properties: dict[str, Any]) -> dict[str, Any]:
    provenance = json.loads(exec_properties["provenance"])
    # The backend of a compiled pipeline inserts the id of the run in a parameter, not inside JSON.
    if "run" in provenance:
        provenance["run"]["launch"] = exec_properties["launch"]
    lock = {"version_set": recorded_set(), "digest": installed_digest()}
    return {**provenance, "lock": lock}


def _publish(
    folders: dict[str, str], exec_properties: dict[str, Any], manifest: Manifest
) -> PublishedVersion:
    statistics = folders["events_statistics"]
    return publish(
        folders["bundle"],
        exec_properties["serving_dir"],
        exec_properties["portable_dir"],
        manifest,
        towers=path_utils.serving_model_path(folders["model"]),
        statistics_file=os.path.join(statistics, f"Split-{EVENTS_SPLIT}", STATISTICS_FILE),
        keep_versions=exec_properties["keep_versions"],
        label=exec_properties["label"],
    )


def _read_evaluation(uri: str) -> dict[str, Any]:
    path = os.path.join(uri, EVALUATION_FILE)
    if not files.exists(path):
        raise InputError(f"{path}: no such file; run RetrievalEvaluator again")
    evaluation: dict[str, Any] = json.loads(files.read_text(path))
    return evaluation


def _pushed_fragment(published: PublishedVersion, manifest: Manifest, label: str) -> dict[str, Any]:
    place = f"at {published.serving_path}"
    origin = f" as a re-index of version {manifest.reindex_of}" if manifest.reindex_of else ""
    state = "is already served" if published.already_serving else "was published"
    labelled = f" with the label {label}" if label != STABLE else ""
    return {
        "pushed": True,
        "version": published.version,
        "first_version": published.first_version,
        "label": label,
        "serving_path": published.serving_path,
        "portable_path": published.portable_path,
        "content_hash": published.content_hash,
        "as_of": manifest.as_of,
        "reindex_of": manifest.reindex_of or None,
        "reason": f"version {published.version} {state} {place}{labelled}{origin}.",
        "gates": [],
    }


def _rejected_fragment(reason: str) -> dict[str, Any]:
    return {
        "pushed": False,
        "version": None,
        "first_version": None,
        "label": None,
        "serving_path": None,
        "portable_path": None,
        "content_hash": None,
        "as_of": None,
        "reindex_of": None,
        "reason": reason,
        "gates": [],
    }
