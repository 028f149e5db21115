"""Publishes a bundle as one new version in two folders, so that a reader sees all of it or none."""

import os
import time
from dataclasses import dataclass, replace
from datetime import datetime, timezone

import tensorflow as tf

from components.pusher import versions as v
from components.pusher.content_hash import content_hash
from components.pusher.lock import exclusive
from components.pusher.manifest import (
    Manifest,
    has_manifest,
    read_manifest,
)
from components.pusher.place import Sources, place_both, unavailable_path
from components.pusher.same_towers import check_descent
from components.unavailable import read_unavailable
from schemas.bundle import EXACT_FOLDER, SAVED_MODEL_FILE, SCANN_FOLDER
from schemas.errors import InputError


@dataclass(frozen=True)
class Published:
    """The version that serves after `publish`.

    Attributes:
      version: Its integer version (unix seconds where time allows) as a string.
      first_version: The version that the same towers were first pushed as.
      serving_path: Folder of the ScaNN SavedModel.
      exact_path: Folder of its op-free twin.
      content_hash: Hash of the bundle.
      already_serving: Whether it was there before, and nothing was copied.
    """

    version: str
    first_version: str
    serving_path: str
    exact_path: str
    content_hash: str
    already_serving: bool


def publish(
    bundle_dir: str,
    serving_dir: str,
    exact_dir: str,
    manifest: Manifest,
    *,
    statistics_file: str,
    keep_versions: int,
) -> Published:
    """Publishes a bundle, the twin first, then removes versions beyond `keep_versions`.

    A bundle equal to what serves now is not copied again. Publishers to one local destination
    take turns. On a remote filesystem there is no lock: only one may publish there at a time.

    Args:
      bundle_dir: Holds the SavedModels `scann/` and `exact/`.
      serving_dir: Where TF Serving looks for versions of the ScaNN model.
      exact_dir: The same for its twin.
      manifest: What the version is to say of itself; `publish` fills in the rest.
      statistics_file: TFDV statistics of the events it was trained on, copied along.
      keep_versions: How many versions stay, this one included; at least 1.

    Raises:
      InputError: The bundle lacks a SavedModel, the two folders are the same, or
        `keep_versions` is less than 1, or a re-index would replace another model. Nothing has
        been changed.
    """
    _check(bundle_dir, serving_dir, exact_dir, keep_versions)
    bundle_hash = content_hash(bundle_dir)
    with exclusive(serving_dir, exact_dir):
        if manifest.reindex_of:
            check_descent(serving_dir, manifest.reindex_of)
        for model_dir in (serving_dir, exact_dir):
            v.remove_leftovers(model_dir)
        serving = v.list_versions(serving_dir)
        already = bool(serving) and _holds(serving[-1], serving_dir, exact_dir, bundle_hash)
        version = serving[-1] if already else next_version(serving_dir, exact_dir)
        if not already:
            manifest = replace(
                manifest,
                version=str(version),
                content_hash=bundle_hash,
                pushed_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
                serving_dir=v.place(serving_dir),
            )
            sources = Sources(
                scann=os.path.join(bundle_dir, SCANN_FOLDER),
                exact=os.path.join(bundle_dir, EXACT_FOLDER),
                statistics_file=statistics_file,
                unavailable=_unavailable(serving, serving_dir),
            )
            place_both(sources, serving_dir, exact_dir, manifest)
            v.remove_old_versions(serving_dir, exact_dir, keep_versions)
        v.remove_orphan_twins(serving_dir, exact_dir)
    return published(version, serving_dir, exact_dir, bundle_hash, already_serving=already)


def _unavailable(serving: list[int], serving_dir: str) -> list[str]:
    """What the version that serves now may not recommend: a new model may not either."""
    path = unavailable_path(v.version_dir(serving_dir, serving[-1])) if serving else ""
    return read_unavailable(path) if path and tf.io.gfile.exists(path) else []


def _check(bundle_dir: str, serving_dir: str, exact_dir: str, keep_versions: int) -> None:
    if keep_versions < 1:
        raise InputError(f"push.keep_versions is {keep_versions}; it must be at least 1")
    if serving_dir.rstrip("/") == exact_dir.rstrip("/"):
        raise InputError(
            f"push.serving_dir and push.exact_dir are both {serving_dir}; "
            "give the twin a folder of its own"
        )
    for folder in (SCANN_FOLDER, EXACT_FOLDER):
        path = os.path.join(bundle_dir, folder)
        if not v.is_complete(path):
            raise InputError(f"{path} holds no {SAVED_MODEL_FILE}; run ScannIndexer again")


def _holds(version: int, serving_dir: str, exact_dir: str, bundle_hash: str) -> bool:
    """Whether `version` stands in both folders and has this content."""
    folders = (v.version_dir(serving_dir, version), v.version_dir(exact_dir, version))
    return all(
        v.is_complete(folder)
        and has_manifest(folder)
        and read_manifest(folder).content_hash == bundle_hash
        for folder in folders
    )


def next_version(serving_dir: str, exact_dir: str) -> int:
    """Unix seconds, but later than every version that is or was there."""
    taken = [
        version
        for model_dir in (serving_dir, exact_dir)
        for version in (*v.list_versions(model_dir), *v.list_withdrawn(model_dir))
    ]
    return max(int(time.time()), max(taken, default=0) + 1)


def published(
    version: int, serving_dir: str, exact_dir: str, bundle_hash: str, *, already_serving: bool
) -> Published:
    """What `publish` says of a version."""
    serving_path = v.version_dir(serving_dir, version)
    return Published(
        version=str(version),
        first_version=read_manifest(serving_path).reindex_of or str(version),
        serving_path=serving_path,
        exact_path=v.version_dir(exact_dir, version),
        content_hash=bundle_hash,
        already_serving=already_serving,
    )
