"""Local paths, gs://, and other filesystems as Beam has them: which are known, and their files."""

import os
import re

from apache_beam.io.filesystem import FileMetadata, FileSystem
from apache_beam.io.filesystems import FileSystems

from components.readers.extras import check_installed
from schemas.errors import InputError

# What a scheme needs beside Beam, and the extra of Beam that brings it.
_NEEDS = {
    "gs": ("google.cloud.storage", "gcp"),
    "s3": ("boto3", "aws"),
    "azfs": ("azure.storage.blob", "azure"),
}
_BEAMS_SPELLING = {
    "gcs": "gs://BUCKET/…",
    "s3a": "s3://BUCKET/…",
    "s3n": "s3://BUCKET/…",
    "abfs": "azfs://ACCOUNT/CONTAINER/…",
    "abfss": "azfs://ACCOUNT/CONTAINER/…",
    "wasb": "azfs://ACCOUNT/CONTAINER/…",
    "wasbs": "azfs://ACCOUNT/CONTAINER/…",
    "file": "a local path without file://",
}
# The part of a path before its first wildcard, the folder or file with it, and the rest.
_FIRST_WILDCARD = re.compile(r"(?P<head>[^*?[]*[*?[][^/]*)/(?P<tail>.+)")


def check_filesystem(path: str) -> None:
    """Checks that Beam knows the filesystem of a path.

    Raises:
      InputError: It does not; names the extra to install, or the schemes that are known.
    """
    scheme = FileSystems.get_scheme(path)
    if scheme is None:
        return
    if scheme in _NEEDS:
        check_installed(f"{path}: {scheme}://", *_NEEDS[scheme])
    if scheme in _BEAMS_SPELLING:
        raise InputError(f"{path}: {scheme}:// is not known; write {_BEAMS_SPELLING[scheme]}")
    known = {system.scheme() for system in FileSystem.get_all_subclasses()}
    if scheme not in known:
        shown = ", ".join(f"{name}://" for name in sorted(known - {None}))
        raise InputError(f"{path}: {scheme}:// is not known; known are local paths and {shown}")


def list_files(glob: str) -> list[FileMetadata]:
    """The files that match a glob or a path; empty entries may be folders.

    Raises:
      BeamIOError: The filesystem rejects.
      ValueError: Beam's options lack what the filesystem needs.
    """
    if FileSystems.get_scheme(glob) is None:
        return _list_local(glob)
    system: FileSystem = FileSystems.get_filesystem(glob)  # type: ignore[assignment]
    wildcard = _FIRST_WILDCARD.fullmatch(glob)
    if wildcard is None or not system.has_dirs():
        return FileSystems.match([glob])[0].metadata_list
    # Beam lists one folder of HDFS at a time, where it lists all below it elsewhere.
    folders = FileSystems.match([wildcard["head"]])[0].metadata_list
    return [
        file
        for folder in folders
        if not folder.size_in_bytes
        for file in list_files(f"{folder.path}/{wildcard['tail']}")
    ]


def _list_local(glob: str) -> list[FileMetadata]:
    if "/" in glob:
        files = FileSystems.match([glob])[0].metadata_list
        return [file for file in files if not os.path.isdir(file.path)]
    # Beam finds nothing by a glob without a folder, which means the working directory.
    return [
        FileMetadata(file.path[2:], file.size_in_bytes, file.last_updated_in_seconds)
        for file in _list_local(f"./{glob}")
    ]
