"""The labels of versions: `stable` for the version that serves, others such as `canary`.

A push moves `stable` or the label `push.label`, a rollback moves `stable`, and `label_versions`
moves any label. Both folders have the same labels; this pipeline reads those in the folder of the
ScaNN model.
"""

import os
import re
from collections.abc import Iterable, Mapping

from components import files
from components.progress import progress
from components.pusher import versions as v
from components.pusher.models_config import read_labels, write_labels
from schemas.version_labels import LABEL_PATTERN, STABLE

_ANNOUNCEMENT = re.compile(rf"\.label-(?P<label>{LABEL_PATTERN})-(?P<version>[0-9]+)")


def served_version(serving_dir: str) -> int | None:
    """Returns the version that is labelled `stable`, else the newest; None if there is none."""
    versions = v.list_versions(serving_dir)
    stable = read_labels(serving_dir).get(STABLE)
    return stable if stable in versions else max(versions, default=None)


def replaced_version(serving_dir: str, label: str) -> int | None:
    """Returns the version that a push with a label replaces; None if there is none.

    It is the version with the label, or the one that serves if no version has the label.
    """
    version = read_labels(serving_dir).get(label)
    return version if version in v.list_versions(serving_dir) else served_version(serving_dir)


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


def announce(serving_dir: str, labels: Iterable[str], version: int) -> None:
    """Records that labels are to be moved to a version as soon as it is installed."""
    files.make_folder(serving_dir)
    for label in labels:
        files.write_text(_announcement(serving_dir, label, version), "")


def withdraw_announcements(serving_dir: str, labels: Iterable[str], version: int) -> None:
    """Deletes the records of `announce`, because the labels were moved or the push failed."""
    for label in labels:
        files.remove_file(_announcement(serving_dir, label, version))


def _announcement(serving_dir: str, label: str, version: int) -> str:
    return os.path.join(serving_dir, f".label-{label}-{version}")


def complete_labels(serving_dir: str, portable_dir: str) -> None:
    """Moves labels to versions whose push was interrupted after they had been installed.

    It also gives the twins the labels of the versions, and both files the number of versions that
    servers load, if a command ended before it had written these.
    """
    matches = map(_ANNOUNCEMENT.fullmatch, files.names_in(serving_dir))
    announced = sorted((int(match["version"]), match["label"]) for match in matches if match)
    installed = v.list_versions(serving_dir)
    moved = {label: version for version, label in announced if version in installed}
    labels = read_labels(serving_dir)
    if moved:
        write_both(serving_dir, portable_dir, {**labels, **moved})
    elif labels:
        for model_dir in (portable_dir, serving_dir):
            write_labels(model_dir, labels, installed)
    for version, label in announced:
        withdraw_announcements(serving_dir, [label], version)


def describe(labels: Mapping[str, int]) -> str:
    """Returns the labels as text: "canary=7, stable=6"."""
    return ", ".join(f"{name}={version}" for name, version in sorted(labels.items())) or "none"
