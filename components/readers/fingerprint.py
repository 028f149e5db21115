"""A fingerprint of the inputs, taken at launch: it keys the cache of the steps that read them."""

import hashlib
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

from apache_beam.io.filesystem import BeamIOError, FileMetadata
from apache_beam.io.filesystems import FileSystems

from components.progress import progress
from components.readers.bigquery_facts import QueryFacts
from components.readers.files import Paths, find_files
from components.readers.open_input import open_stored
from schemas.errors import InputError
from schemas.source_settings import RangeSettings

# Of a remote filesystem every file costs a round trip.
_FILES_AT_ONCE = 16


def fingerprint(path: Paths, limits: RangeSettings | None = None) -> str:
    """A digest over names, sizes and modification times of the files behind `path`.

    Where a filesystem knows no modification times, its checksums stand in for them.

    Args:
      path: A file, a glob, a directory or a list of them; local, gs://, or another filesystem
        that Beam knows.
      limits: Which days or spans of it are meant.

    Raises:
      InputError: Nothing matches, or a file cannot be opened; the message names the path.
    """
    with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
        return _digest(list(pool.map(_file_state, find_files(path, limits))))


def query_fingerprint(query: str, facts: QueryFacts) -> str:
    """A digest over the text of a query and the modification times of the tables that it reads.

    A query whose result may change without them has another fingerprint each time.
    """
    if facts.unsettled:
        progress.info("the steps that read the query run in any case: %s", facts.unsettled)
        return uuid.uuid4().hex
    return _digest([query, facts.tables])


def _file_state(file: FileMetadata) -> tuple[str, int, float | str]:
    with open_stored(file.path) as opened:
        opened.read(1)
    return file.path, file.size_in_bytes, file.last_updated_in_seconds or _checksum(file.path)


def _checksum(path: str) -> str:
    try:
        return FileSystems.checksum(path)
    except (BeamIOError, NotImplementedError) as error:
        raise InputError(
            f"{path}: its filesystem gives neither a modification time nor a checksum ({error}), "
            "so a change of the file could not be noticed; copy it to another filesystem"
        ) from error


def _digest(states: object) -> str:
    return hashlib.sha256(json.dumps(states).encode()).hexdigest()
