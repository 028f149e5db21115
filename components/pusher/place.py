"""Puts both SavedModels of a version in place, so that a reader sees all of it or none.

Each is copied to a hidden sibling and renamed into place. An object store cannot rename a folder
atomically: there `saved_model.pb`, which servers look for, is copied last, as TFX's own Pusher
does.
"""

import os
from dataclasses import dataclass

import tensorflow as tf

from components.pusher import versions as v
from components.pusher.content_hash import relative_files
from components.pusher.manifest import Manifest, statistics_path, write_manifest
from components.unavailable import write_unavailable
from schemas.bundle import MANIFEST_FILE, SAVED_MODEL_FILE, UNAVAILABLE_FILE

_REPLACED = frozenset({MANIFEST_FILE, UNAVAILABLE_FILE})


@dataclass(frozen=True)
class Sources:
    """What a version is made of.

    Attributes:
      scann: Folder of the ScaNN SavedModel.
      exact: Folder of its op-free twin.
      statistics_file: TFDV statistics of the events that the model was trained on.
      unavailable: Ids of the items that may not be recommended.
    """

    scann: str
    exact: str
    statistics_file: str
    unavailable: list[str]


def place_both(sources: Sources, serving_dir: str, exact_dir: str, manifest: Manifest) -> None:
    """Places the twin, then the served model, or neither; `manifest` names the version."""
    try:
        _place(sources.exact, exact_dir, manifest, sources)
        _place(sources.scann, serving_dir, manifest, sources)
    except BaseException:
        _withdraw(manifest.version, serving_dir, exact_dir)
        raise


def unavailable_path(version_dir: str) -> str:
    """Where the list of unavailable items of the version in `version_dir` lies."""
    return os.path.join(version_dir, UNAVAILABLE_FILE)


def _place(source: str, model_dir: str, manifest: Manifest, sources: Sources) -> None:
    """Copies one SavedModel with its manifest to `model_dir/version`."""
    final = os.path.join(model_dir, manifest.version)
    if v.is_remote(model_dir):
        _copy(source, final, manifest, sources)
        return
    incoming = os.path.join(model_dir, f"{v.INCOMING_PREFIX}{manifest.version}")
    _copy(source, incoming, manifest, sources)
    tf.io.gfile.rename(incoming, final)


def _copy(source: str, target: str, manifest: Manifest, sources: Sources) -> None:
    write_manifest(target, manifest)
    _copy_file(sources.statistics_file, statistics_path(target))
    unavailable = unavailable_path(target)
    tf.io.gfile.makedirs(os.path.dirname(unavailable))
    write_unavailable(unavailable, sources.unavailable)
    copied = [path for path in relative_files(source) if path not in _REPLACED]
    # False sorts before True: the file that makes a folder a SavedModel goes last.
    for path in sorted(copied, key=lambda path: path == SAVED_MODEL_FILE):
        _copy_file(os.path.join(source, path), os.path.join(target, path))


def _copy_file(source: str, target: str) -> None:
    tf.io.gfile.makedirs(os.path.dirname(target))
    tf.io.gfile.copy(source, target, overwrite=True)


def _withdraw(version: str, serving_dir: str, exact_dir: str) -> None:
    """Removes every trace of a failed push, from the folder that clients read first."""
    for model_dir in (serving_dir, exact_dir):
        for name in (version, f"{v.INCOMING_PREFIX}{version}"):
            folder = os.path.join(model_dir, name)
            if tf.io.gfile.exists(folder):
                tf.io.gfile.rmtree(folder)
