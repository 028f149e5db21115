"""The manifest of a published version: its origin, metrics and content hash."""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import tensorflow as tf

from schemas.bundle import MANIFEST_FILE, STATISTICS_FILE
from schemas.errors import InputError

_REQUIRED = ("name", "version", "content_hash")


@dataclass(frozen=True)
class Manifest:
    """Where a version comes from. The last four fields are filled in by `publish`.

    Attributes:
      name: The model's name.
      metrics: Its test metrics when it was pushed, by name.
      protocol: How they were measured.
      as_of: The instant, ISO 8601 UTC, that its items are as of; None where nothing of them moves.
      reindex_of: Of a re-index, or of another list of unavailable items, the version that the
        same towers were first pushed as; else "".
      version: Its integer version as a string.
      content_hash: Hash of the bundle, as `content_hash` gives it.
      pushed_at: When it was published, ISO 8601 UTC.
      serving_dir: Where the ScaNN model was published; a twin belongs to the version there.
    """

    name: str
    metrics: dict[str, float] = field(default_factory=dict)
    protocol: dict[str, Any] = field(default_factory=dict)
    as_of: str | None = None
    reindex_of: str = ""
    version: str = ""
    content_hash: str = ""
    pushed_at: str = ""
    serving_dir: str = ""


def manifest_path(version_dir: str) -> str:
    """Where the manifest of the version in `version_dir` lies."""
    return os.path.join(version_dir, MANIFEST_FILE)


def statistics_path(version_dir: str) -> str:
    """Where the statistics of the events that the version was trained on lie."""
    return os.path.join(version_dir, STATISTICS_FILE)


def has_manifest(version_dir: str) -> bool:
    """Whether the version was published by `publish`; others are not ours to remove."""
    return tf.io.gfile.exists(manifest_path(version_dir))


def write_manifest(version_dir: str, manifest: Manifest) -> None:
    """Writes the manifest into the version's folder."""
    path = manifest_path(version_dir)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(json.dumps(asdict(manifest), indent=1, sort_keys=True, allow_nan=False))


def read_manifest(version_dir: str) -> Manifest:
    """Reads the manifest of the version in `version_dir`.

    Raises:
      InputError: There is none, or it cannot be read.
    """
    path = manifest_path(version_dir)
    if not tf.io.gfile.exists(path):
        raise InputError(
            f"{version_dir} has no {MANIFEST_FILE}: this pipeline did not publish "
            "it and cannot compare with it; move that version elsewhere, or set push.serving_dir "
            "and push.exact_dir to folders of their own"
        )
    with tf.io.gfile.GFile(path, "r") as file:
        text = file.read()
    try:
        return _parse(text)
    except ValueError as error:
        raise InputError(
            f"{path} cannot be read as a manifest ({error}); move version "
            f"{os.path.basename(version_dir)} out of the folder, so that the one before it serves"
        ) from error


def _parse(text: str) -> Manifest:
    """Passes over keys of other releases, so that what they published stays readable."""
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError(f"expected a JSON object, got {type(values).__name__}")
    missing = [key for key in _REQUIRED if key not in values]
    if missing:
        raise ValueError(f"without {', '.join(missing)}")
    known = {entry.name for entry in fields(Manifest)}
    return Manifest(**{key: value for key, value in values.items() if key in known})
