"""Fingerprints of the inputs, computed at launch: cache keys of the steps that read them."""

import hashlib
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

from apache_beam.io.filesystem import BeamIOError, FileMetadata
from apache_beam.io.filesystems import FileSystems

from components.progress import progress
from components.readers.bigquery_metadata import QueryMetadata
from components.readers.files import Paths, find_files
from components.readers.open_input import open_stored
from schemas.errors import InputError
from schemas.source_settings import RangeSettings

# On a remote filesystem, every file costs a round trip.
_FILES_AT_ONCE = 16


def fingerprint(path: Paths, limits: RangeSettings | None = None) -> str:
    """Returns a digest of the names, sizes and modification times of the files of `path`.

    Where a filesystem has no modification times, its checksums are used instead.

    Args:
      path: A file, a glob, a directory or a list of them; local, gs://, or another filesystem
        of Beam.
      limits: The days or spans to read; None for all.

    Raises:
      InputError: No file matches, or a file cannot be opened; the message names the path.
    """
    with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
        return _digest(list(pool.map(_file_state, find_files(path, limits))))


def query_fingerprint(query: str, metadata: QueryMetadata) -> str:
    """Returns a digest of the text of a query and the modification times of its tables.

    A query whose result may change without a change of its tables has a new fingerprint every
    time.
    """
    if metadata.volatile_reason:
        progress.info(
            "the steps that read the query run without the cache: %s", metadata.volatile_reason
        )
        return uuid.uuid4().hex
    return _digest([query, metadata.tables])


def _file_state(file: FileMetadata) -> tuple[str, int, float | str]:
    with open_stored(file.path) as opened:
        opened.read(1)
    return file.path, file.size_in_bytes, file.last_updated_in_seconds or _checksum(file.path)


def _checksum(path: str) -> str:
    try:
        return FileSystems.checksum(path)
    except (BeamIOError, NotImplementedError) as error:
        raise InputError(
            f"{path}: its filesystem has neither a modification time nor a checksum ({error}), "
            "so a change of the file cannot be detected; copy it to another filesystem"
        ) from error


def _digest(states: object) -> str:
    return hashlib.sha256(json.dumps(states).encode()).hexdigest()
