"""Which versions a push keeps, and the removal of the others."""

import os
from collections.abc import Collection

from components import files
from components.pusher import versions as v
from components.pusher.manifest import has_manifest
from components.pusher.move_version import remove_versions

_KEPT_PER_MODEL = 2


def remove_old_versions(
    serving_dir: str, portable_dir: str, keep_versions: int, labelled: Collection[int] = ()
) -> None:
    """Removes old versions with their twins, including withdrawn ones.

    The newest `keep_versions` versions are kept, and those with a label. Versions that differ only
    in their list of unavailable items count as one version, of which the newest two are kept.
    Versions without a manifest were not published by this pipeline; they are not counted and not
    removed.

    Args:
      serving_dir: Folder of the versions of the ScaNN model.
      portable_dir: Folder of the versions of its twin.
      keep_versions: Number of versions to keep; at least 1.
      labelled: Versions with a label, which are kept in addition.
    """
    ours = [n for n in v.list_versions(serving_dir) if has_manifest(v.version_dir(serving_dir, n))]
    kept = _newest(serving_dir, ours, keep_versions)
    old = [n for n in ours if n not in kept and n not in labelled]
    withdrawn = [n for n in v.list_withdrawn(serving_dir) if n < min(kept)]
    for name in (*map(str, old), *(f"{v.WITHDRAWN_PREFIX}{n}" for n in withdrawn)):
        served, twin = os.path.join(serving_dir, name), os.path.join(portable_dir, name)
        if has_manifest(served):
            # A server of the ScaNN model has its twin until the model itself is gone.
            remove_versions([served, twin] if _is_twin(twin, served) else [served])


def _newest(serving_dir: str, versions: list[int], keep_versions: int) -> set[int]:
    kept: dict[int, str] = {}
    for version in reversed(versions):
        content = v.version_content_hash(v.version_dir(serving_dir, version))
        if len({*kept.values(), content}) > keep_versions:
            break
        if list(kept.values()).count(content) < _KEPT_PER_MODEL:
            kept[version] = content
    return set(kept)


def _is_twin(twin: str, served: str) -> bool:
    return (
        files.exists(twin)
        and has_manifest(twin)
        and v.version_content_hash(twin) == v.version_content_hash(served)
    )
