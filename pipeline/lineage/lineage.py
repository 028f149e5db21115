"""Collects the lineage of a version from its manifest and from ML Metadata."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from components.pusher.manifest import Manifest, read_manifest
from pipeline.lineage.find_version import VersionFolder, find_version
from pipeline.lineage.recorded_steps import RecordedPush, num_missing, read_push
from pipeline.paths import METADATA_FILE

RUN, REINDEX, UNAVAILABLE = "run", "reindex", "unavailable list"


@dataclass(frozen=True)
class Lineage:
    """What made a version, as JSON values where the source is one.

    Attributes:
      model: Name of the model.
      version: The version.
      folder: Its folder.
      state: `VersionFolder.state`.
      labels: Its labels.
      made_by: RUN, REINDEX, or UNAVAILABLE for a copy of a version with another list of unavailable
        items; None if it is unknown whether it is such a copy.
      copy_of: For UNAVAILABLE, the version with the same index that a pipeline pushed.
      first_version: The version as which the same towers were first pushed.
      pushed_at: Time of the push, ISO 8601 UTC.
      content_hash: Hash of the files.
      data: Fingerprints of the inputs; for a re-index, of the new catalogue.
      code: Version and hash of this package, and its commit.
      run: Directory, launch, configuration and its hash; of the re-index for a re-index.
      lock: Version set and digest of the installed distributions.
      towers: For a re-index, `data`, `code`, `run` and `lock` of the training; else None.
      sizes: Numbers of items, users and targets of the training.
      metadata_path: The metadata store; None if there is none.
      steps: The steps in ML Metadata that led to the version; [] without a record.
      missing: Sentences on what is not known, and why.
    """

    model: str
    version: str
    folder: str
    state: str | None
    labels: list[str]
    made_by: str | None
    copy_of: str | None
    first_version: str
    pushed_at: str
    content_hash: str
    data: dict[str, Any]
    code: dict[str, Any]
    run: dict[str, Any]
    lock: dict[str, Any]
    towers: dict[str, Any] | None
    sizes: dict[str, int]
    metadata_path: str | None
    steps: list[dict[str, Any]]
    missing: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Returns the lineage as JSON values."""
        return asdict(self)


def read_lineage(model: str) -> Lineage:
    """Returns the lineage of a version.

    Args:
      model: The folder of a version, a folder of versions or the directory of a run; of the last
        two, the version that serves.

    Raises:
      InputError: There is no such version, or it has no manifest.
    """
    found = find_version(model)
    manifest = read_manifest(found.folder)
    missing = [f"the labels: {found.doubt}"] if found.doubt else []
    metadata_path = _metadata_path(found, manifest, missing)
    push = _push(metadata_path, manifest, missing)
    provenance = manifest.provenance or (push.provenance if push else {})
    if not provenance:
        missing.append(
            "the manifest was written by an older release, which recorded neither the data nor the "
            "code nor the run"
        )
    made_by, copy_of = _made_by(manifest, push)
    return Lineage(
        model=manifest.name,
        version=manifest.version,
        folder=found.folder,
        state=found.state,
        labels=found.labels,
        made_by=made_by,
        copy_of=copy_of,
        first_version=manifest.reindex_of or manifest.version,
        pushed_at=manifest.pushed_at,
        content_hash=manifest.content_hash,
        data=provenance.get("data") or {},
        code=provenance.get("code") or {},
        run=provenance.get("run") or {},
        lock=provenance.get("lock") or {},
        towers=provenance.get("towers"),
        sizes=manifest.sizes,
        metadata_path=metadata_path,
        steps=[asdict(step) for step in push.steps] if push else [],
        missing=missing,
    )


def _metadata_path(found: VersionFolder, manifest: Manifest, missing: list[str]) -> str | None:
    """Returns the metadata store of the version's run; None if there is none."""
    recorded = (manifest.provenance.get("run") or {}).get("directory")
    directories = list(dict.fromkeys((*found.run_dirs, *([recorded] if recorded else []))))
    for directory in directories:
        path = os.path.join(directory, METADATA_FILE)
        if os.path.exists(path):
            return path
    looked = ", ".join(directories) or "the folders above the version"
    missing.append(
        f"{METADATA_FILE} of the run was not found in {looked}: the steps, their code versions and "
        "their artifacts are unknown; all else is from the manifest"
    )
    return None


def _push(metadata_path: str | None, manifest: Manifest, missing: list[str]) -> RecordedPush | None:
    if metadata_path is None:
        return None
    run = manifest.provenance.get("run") or {}
    versions = [manifest.version, *([manifest.reindex_of] if manifest.reindex_of else [])]
    locate = _locate(run.get("directory"), os.path.dirname(metadata_path))
    push = read_push(metadata_path, versions, run.get("launch"), locate)
    if push is None:
        missing.append(
            f"{metadata_path} has no record of the push of version {manifest.version}: it is the "
            "store of another run, or it was replaced"
        )
    elif num := num_missing(push.steps):
        missing.append(f"{num} folders of artifacts no longer exist")
    return push


def _locate(recorded_run_dir: str | None, run_dir: str) -> Callable[[str], str]:
    """Returns a function that maps a recorded artifact URI to its folder after a move."""

    def locate(uri: str) -> str:
        if recorded_run_dir is None:
            return uri
        relative = os.path.relpath(uri, recorded_run_dir)
        return uri if relative.startswith(os.pardir) else os.path.join(run_dir, relative)

    return locate


def _made_by(manifest: Manifest, push: RecordedPush | None) -> tuple[str | None, str | None]:
    """Returns how the version was made, and of which version it is a copy."""
    if push is not None and push.version != manifest.version:
        return UNAVAILABLE, push.version
    if push is None and manifest.reindex_of:
        return None, None
    return (REINDEX if manifest.reindex_of else RUN), None
