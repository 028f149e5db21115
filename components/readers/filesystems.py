"""The filesystems of Beam (local, gs:// and others): checks of paths, and listings of files."""

import os
import re
from typing import Any

from apache_beam.io.filesystem import BeamIOError, FileMetadata, FileSystem
from apache_beam.io.filesystems import FileSystems

from components.readers.extras import check_installed
from schemas.errors import InputError

# The module that a scheme needs in addition to Beam, and the extra of Beam that installs it.
_REQUIREMENTS = {
    "gs": ("google.cloud.storage", "gcp"),
    "s3": ("boto3", "aws"),
    "azfs": ("azure.storage.blob", "azure"),
}
# Schemes that other tools use, and the spelling that Beam uses.
_SPELLINGS = {
    "gcs": "gs://BUCKET/…",
    "s3a": "s3://BUCKET/…",
    "s3n": "s3://BUCKET/…",
    "abfs": "azfs://ACCOUNT/CONTAINER/…",
    "abfss": "azfs://ACCOUNT/CONTAINER/…",
    "wasb": "azfs://ACCOUNT/CONTAINER/…",
    "wasbs": "azfs://ACCOUNT/CONTAINER/…",
    "file": "a local path without file://",
}
# The path up to and including the folder with the first wildcard, and the rest.
_FIRST_WILDCARD = re.compile(r"(?P<head>[^*?[]*[*?[][^/]*)/(?P<tail>.+)")
_BEFORE_WILDCARD = re.compile(r"[^*?[]*")


def check_filesystem(path: str) -> None:
    """Checks that Beam supports the filesystem of a path.

    Raises:
      InputError: It does not; the message names the extra to install or the supported schemes.
    """
    scheme = FileSystems.get_scheme(path)
    if scheme is None:
        return
    if scheme in _REQUIREMENTS:
        check_installed(f"{path}: {scheme}://", *_REQUIREMENTS[scheme])
    if scheme in _SPELLINGS:
        raise InputError(f"{path}: {scheme}:// is not supported; write {_SPELLINGS[scheme]}")
    supported = {system.scheme() for system in FileSystem.get_all_subclasses()}
    if scheme not in supported:
        shown = ", ".join(f"{name}://" for name in sorted(supported - {None}))
        raise InputError(f"{path}: {scheme}:// is not supported; use a local path or {shown}")


def list_files(glob: str) -> list[FileMetadata]:
    """Returns the files that match a glob or a path; empty entries may be folders.

    Raises:
      BeamIOError: The filesystem cannot list them.
      ValueError: An option that the filesystem needs is missing from Beam's options.
    """
    if FileSystems.get_scheme(glob) is None:
        return _list_local(glob)
    # Beam declares the result as Optional in some releases and not in others.
    system: Any = FileSystems.get_filesystem(glob)
    if not system.has_dirs():
        # An object store lists everything below a prefix.
        return FileSystems.match([glob])[0].metadata_list
    if "**" in glob:
        return _list_recursively(system, glob)
    wildcard = _FIRST_WILDCARD.fullmatch(glob)
    if wildcard is None:
        return FileSystems.match([glob])[0].metadata_list
    # On HDFS, Beam lists only one folder at a time.
    return [
        file
        for folder in FileSystems.match([wildcard["head"]])[0].metadata_list
        for file in _list_in(folder, wildcard["tail"])
    ]


def _list_in(folder: FileMetadata, tail: str) -> list[FileMetadata]:
    """Returns the files that match `tail` in an entry of a listing; none if it is a file."""
    if folder.size_in_bytes:
        return []
    try:
        return list_files(f"{folder.path}/{tail}")
    except BeamIOError as error:
        # In a listing, folders and empty files both have the size 0.
        if "not a directory" in str(error):
            return []
        raise


def _list_recursively(system: FileSystem, glob: str) -> list[FileMetadata]:
    """Returns the files that match a glob with `**`, from a filesystem that lists one folder."""
    head = glob[: glob.index("**")].rpartition("/")[0]
    pending = [FileMetadata(folder.path, 0) for folder in list_files(head)] if head else []
    found: list[FileMetadata] = []
    while pending:
        entries = _list_in(pending.pop(), "*")
        pending += [entry for entry in entries if not entry.size_in_bytes]
        found += entries
    return list(system.match_files(found, glob))


def _list_local(glob: str) -> list[FileMetadata]:
    if "/" in _BEFORE_WILDCARD.match(glob)[0]:  # type: ignore[index]
        files = FileSystems.match([glob])[0].metadata_list
        return [file for file in files if not os.path.isdir(file.path)]
    # Beam matches a glob against the working directory only if a folder precedes its wildcards.
    return [
        FileMetadata(file.path[2:], file.size_in_bytes, file.last_updated_in_seconds)
        for file in _list_local(f"./{glob}")
    ]
