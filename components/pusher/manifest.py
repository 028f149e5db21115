"""The manifest of a published version: its origin, metrics and content hash."""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from components import files
from schemas.bundle import MANIFEST_FILE, PROVEN_TOWERS_FOLDER, STATISTICS_FILE
from schemas.errors import InputError

_REQUIRED = ("name", "version", "content_hash")


@dataclass(frozen=True)
class Manifest:
    """The origin of a version. `publish` sets the last four fields.

    Attributes:
      name: The name of the model.
      metrics: The test metrics at the time of the push, by name.
      protocol: The evaluation protocol of the metrics.
      sizes: Numbers of items, users and targets that the model was trained on, by name; `items` is
        the number of candidates of the index, `listed_items` that of the candidates in the items
        files, if there are any. {} in older manifests.
      as_of: The time of the item embeddings, ISO 8601 UTC; None if they do not depend on time.
      reindex_of: For a re-index or a new list of unavailable items, the version as which the same
        towers were first pushed; otherwise "".
      id_rules: The rules of `ids.normalise` that the model applies to ids.
      version_set: The set of library versions that exported the index: for a re-index, that of the
        re-index; for a new list of unavailable items, that of the unchanged index. None if the
        versions were no set, and for versions that were pushed before sets had names.
      train_end_s: The time of the last event of the train split of the proven towers, in seconds
        since the epoch, UTC; None in older manifests.
      split_policy: The policy of that split (`split.policy`); None in older manifests.
      provenance: Which data, code, run and lock made the version (`pipeline.runners.provenance`);
        for a re-index also, as `towers`, those of the training. {} in older manifests.
      version: The integer version as a string.
      content_hash: The hash of the bundle, computed by `content_hash`.
      pushed_at: The time of the push, ISO 8601 UTC.
      serving_dir: The folder to which the ScaNN model was published, also for its twin.
    """

    name: str
    metrics: dict[str, float] = field(default_factory=dict)
    protocol: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    as_of: str | None = None
    reindex_of: str = ""
    id_rules: list[str] = field(default_factory=list)
    version_set: str | None = None
    train_end_s: int | None = None
    split_policy: str | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    version: str = ""
    content_hash: str = ""
    pushed_at: str = ""
    serving_dir: str = ""


def manifest_path(version_dir: str) -> str:
    """Returns the path of the manifest of the version in `version_dir`."""
    return os.path.join(version_dir, MANIFEST_FILE)


def statistics_path(version_dir: str) -> str:
    """Returns the path of the statistics of the events that the version was trained on."""
    return os.path.join(version_dir, STATISTICS_FILE)


def proven_towers_path(portable_version_dir: str) -> str:
    """Returns the path of the proven towers in the folder of a twin."""
    return os.path.join(portable_version_dir, PROVEN_TOWERS_FOLDER)


def has_manifest(version_dir: str) -> bool:
    """Returns whether the version was published by `publish`; other versions are not removed."""
    return files.exists(manifest_path(version_dir))


def write_manifest(version_dir: str, manifest: Manifest) -> None:
    """Writes the manifest into the version's folder."""
    path = manifest_path(version_dir)
    text = json.dumps(asdict(manifest), indent=1, sort_keys=True, allow_nan=False)
    files.make_folder(os.path.dirname(path))
    files.write_text(path, text)


def read_manifest(version_dir: str) -> Manifest:
    """Reads the manifest of the version in `version_dir`.

    Raises:
      InputError: The manifest is missing or cannot be parsed.
    """
    path = manifest_path(version_dir)
    if not files.exists(path):
        raise InputError(
            f"{version_dir} has no {MANIFEST_FILE}: this version was not published by this "
            "pipeline, which therefore cannot compare with it; move that version elsewhere, or set "
            "push.serving_dir and push.portable_dir to separate folders"
        )
    try:
        return _parse(files.read_text(path))
    except ValueError as error:
        raise InputError(
            f"{path} is not a valid manifest ({error}); move version "
            f"{os.path.basename(version_dir)} out of the folder, so that the previous version is "
            "served"
        ) from error


def _parse(text: str) -> Manifest:
    """Parses a manifest; ignores unknown keys, so that those of other releases remain readable."""
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError(f"expected a JSON object, got {type(values).__name__}")
    missing = [key for key in _REQUIRED if key not in values]
    if missing:
        raise ValueError(f"missing keys: {', '.join(missing)}")
    known = {entry.name for entry in fields(Manifest)}
    return Manifest(**{key: value for key, value in values.items() if key in known})
