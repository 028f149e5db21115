"""The list of unavailable items of a version, as it was written and as the model reads it.

A model compares ids after the rules of `ids.normalise`, so the file in its `assets` contains the
normalised ids. A second file contains the list as it was written: a version with other rules takes
over that list and applies its own rules to it.
"""

import os

from components import files
from components.id_normalisation import IdNormaliser
from components.pusher.manifest import has_manifest, read_manifest
from components.unavailable_items import read_unavailable, write_unavailable
from schemas.bundle import UNAVAILABLE_FILE, UNAVAILABLE_WRITTEN_FILE
from schemas.id_settings import IdNormalisation, IdsSettings

PARTIAL_SUFFIX = ".incoming"


def unavailable_path(version_dir: str) -> str:
    """Returns the path of the list that the model of the version in `version_dir` reads."""
    return os.path.join(version_dir, UNAVAILABLE_FILE)


def has_list(version_dir: str) -> bool:
    """Returns whether the model of a version reads a list of unavailable items."""
    return files.exists(unavailable_path(version_dir))


def id_normaliser(version_dir: str) -> IdNormaliser:
    """Returns the normaliser of the ids of a version, which has none without a manifest."""
    if not has_manifest(version_dir):
        return IdNormaliser()
    manifest = read_manifest(version_dir)
    return IdNormaliser(IdsSettings(normalise=tuple(map(IdNormalisation, manifest.id_rules))))


def read_list(version_dir: str) -> list[str]:
    """Returns the list of a version as it was written; [] if the version has none.

    A version of an earlier release has only the list that its model reads.
    """
    written = os.path.join(version_dir, UNAVAILABLE_WRITTEN_FILE)
    for path in (written, unavailable_path(version_dir)):
        if files.exists(path):
            return read_unavailable(path)
    return []


def write_lists(version_dir: str, written: list[str]) -> None:
    """Writes both files of a version, each atomically: by one rename, or as one object.

    Args:
      version_dir: Folder of the version, which contains its manifest.
      written: The list as it was written.
    """
    normalised = sorted(id_normaliser(version_dir).all(written))
    for name, item_ids in ((UNAVAILABLE_WRITTEN_FILE, written), (UNAVAILABLE_FILE, normalised)):
        path = os.path.join(version_dir, name)
        files.make_folder(os.path.dirname(path))
        if files.is_remote(path):
            write_unavailable(path, item_ids)
        else:
            write_unavailable(f"{path}{PARTIAL_SUFFIX}", item_ids)
            files.replace(f"{path}{PARTIAL_SUFFIX}", path)
