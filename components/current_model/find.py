"""Finds what serves now in the push destination (not in ML Metadata, which knows no rollback)."""

import tensorflow as tf

from components.current_model.read import CurrentModelState
from components.pusher.manifest import read_manifest, statistics_path
from components.pusher.versions import is_complete, list_versions, version_dir
from schemas.errors import InputError


def find_current(serving_dir: str, exact_dir: str) -> CurrentModelState:
    """The newest version in `serving_dir`, or an empty state where there is none.

    A newest version that this pipeline did not publish is an error, not "none": it is what
    serves, and a push beside it would replace it without a comparison.

    Raises:
      InputError: The newest version has no readable manifest, or no twin in `exact_dir`.
    """
    versions = list_versions(serving_dir)
    if not versions:
        return CurrentModelState()
    serving_path = version_dir(serving_dir, versions[-1])
    manifest = read_manifest(serving_path)
    exact_path = version_dir(exact_dir, versions[-1])
    if not is_complete(exact_path):
        raise InputError(
            f"{serving_path} serves, but its twin {exact_path} is missing; restore the twin, or "
            f"move version {versions[-1]} out of {serving_dir}, so that the one before it serves"
        )
    statistics = statistics_path(serving_path)
    return CurrentModelState(
        version=str(versions[-1]),
        serving_path=serving_path,
        exact_path=exact_path,
        metrics=manifest.metrics,
        statistics_path=statistics if tf.io.gfile.exists(statistics) else None,
    )
