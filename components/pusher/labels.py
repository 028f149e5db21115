"""The labels of versions: `stable` for the version that serves, others such as `canary`.

A push and a rollback move `stable`; `label_versions` moves any label. Both folders have the same
labels. Those in the folder of the ScaNN model decide.
"""

import os
from collections.abc import Mapping

from components import files
from components.progress import progress
from components.pusher import versions as v
from components.pusher.models_config import (
    config_path,
    read_labels,
    write_labels,
)

STABLE = "stable"
_ANNOUNCED_PREFIX = ".stable-"


def served_version(serving_dir: str) -> int | None:
    """Returns the version that is labelled `stable`, else the newest; None if there is none."""
    versions = v.list_versions(serving_dir)
    stable = read_labels(serving_dir).get(STABLE)
    return stable if stable in versions else max(versions, default=None)


def labelled_versions(serving_dir: str) -> set[int]:
    """Returns the versions with a label."""
    return set(read_labels(serving_dir).values())


def labels_of(serving_dir: str, version: int) -> list[str]:
    """Returns the labels of a version, in order."""
    return sorted(name for name, of in read_labels(serving_dir).items() if of == version)


def write_both(
    serving_dir: str, portable_dir: str, labels: Mapping[str, int], newest: int | None = None
) -> None:
    """Replaces the labels of both folders, the twins' first.

    Args:
      serving_dir: Folder of the versions of the ScaNN model.
      portable_dir: Folder of the versions of its twin.
      labels: The versions of the labels. Labels of versions that do not exist are dropped, because
        a server would reject all of them.
      newest: The newest version that will be visible; by default that which is now.
    """
    served = v.list_versions(serving_dir)
    kept = {name: version for name, version in labels.items() if version in served}
    for name in sorted(set(labels) - set(kept)):
        progress.warning(
            "the label %s is dropped: its version %d is not in %s", name, labels[name], serving_dir
        )
    visible = [version for version in served if newest is None or version <= newest]
    for model_dir in (portable_dir, serving_dir):
        write_labels(model_dir, kept, visible)


def announce_stable(serving_dir: str, version: int) -> None:
    """Records that `stable` is to be moved to a version as soon as it is installed."""
    files.make_folder(serving_dir)
    files.write_text(_announcement(serving_dir, version), "")


def withdraw_announcement(serving_dir: str, version: int) -> None:
    """Deletes the record of `announce_stable`, because the label was moved or the push failed."""
    files.remove_file(_announcement(serving_dir, version))


def _announcement(serving_dir: str, version: int) -> str:
    return os.path.join(serving_dir, f"{_ANNOUNCED_PREFIX}{version}")


def complete_labels(serving_dir: str, portable_dir: str) -> None:
    """Moves `stable` to versions whose push was interrupted after they had been installed.

    It also gives the twins the labels of the versions, if a command ended between the two.
    """
    announced = v.numbers_with_prefix(serving_dir, _ANNOUNCED_PREFIX)
    installed = set(v.list_versions(serving_dir)) & set(announced)
    if installed:
        labels = {**read_labels(serving_dir), STABLE: max(installed)}
        write_both(serving_dir, portable_dir, labels)
    elif files.exists(config_path(serving_dir)):
        labels = read_labels(serving_dir)
        if read_labels(portable_dir) != labels:
            write_labels(portable_dir, labels, v.list_versions(serving_dir))
    for version in announced:
        withdraw_announcement(serving_dir, version)


def describe(labels: Mapping[str, int]) -> str:
    """Returns the labels as text: "canary=7, stable=6"."""
    return ", ".join(f"{name}={version}" for name, version in sorted(labels.items())) or "none"
