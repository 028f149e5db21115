"""The values that decide which steps of a run are taken from TFX's cache.

TFX reuses a step's output if its inputs and parameters are unchanged. The parameters contain paths,
not contents, so each run also passes fingerprints of the contents as parameters.
"""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from components.readers.bigquery_metadata import QueryMetadata, describe_query
from components.readers.filesystems import check_filesystem
from components.readers.fingerprint import fingerprint, query_fingerprint
from components.readers.open_input import open_input
from components.readers.source_columns import check_query_columns
from components.records.erase import load_erased_ids
from schemas.data_settings import InteractionsSettings, ItemsSettings, UsersSettings
from schemas.errors import InputError
from schemas.settings import Settings

_UNREAD = "unread-"
# The backend of a compiled pipeline replaces a parameter that is exactly this text by the id of the
# run (`dsl.PIPELINE_JOB_ID_PLACEHOLDER` of KFP).
_RUN_ID = "{{$.pipeline_job_uuid}}"


@dataclass(frozen=True)
class CacheKeys:
    """Fingerprints of the inputs of one run, and its unique id.

    Attributes:
      launch_id: A random id. A step that takes it as a parameter is never cached.
      interactions_fingerprint: Changes with the log, the users file and the ids to erase.
      catalogue_fingerprint: Changes with the items file and the ids to erase, and with the log if
        the catalogue depends on it.
      curated_schema_hash: Changes with the text of the curated schema; "" without one.
      warm_start_from: JSON of the version whose towers the training starts from; "" without one.
    """

    launch_id: str
    interactions_fingerprint: str
    catalogue_fingerprint: str
    curated_schema_hash: str = ""
    warm_start_from: str = ""

    @property
    def data(self) -> dict[str, str | None]:
        """The fingerprints of the inputs; None for one that is not read or not known."""
        values = {
            "interactions": self.interactions_fingerprint,
            "catalogue": self.catalogue_fingerprint,
        }
        return {
            name: None if not value or value.startswith(_UNREAD) or value == _RUN_ID else value
            for name, value in values.items()
        }


def cache_keys(settings: Settings) -> CacheKeys:
    """Returns the cache keys of a run, with a fingerprint of every input.

    Raises:
      InputError: An input does not exist or cannot be read.
    """
    _configure_filesystems(settings)
    items, users = settings.items, settings.users
    log_state = _source_fingerprint("interactions", settings.interactions, settings)
    items_state = _source_fingerprint("items", items, settings) if items else ""
    users_state = _source_fingerprint("users", users, settings) if users else ""
    erased = load_erased_ids(settings.erase).digest
    catalogue_log_state = log_state if settings.catalogue_reads_log else ""
    return CacheKeys(
        launch_id=uuid.uuid4().hex,
        interactions_fingerprint=_combined(log_state, users_state, erased),
        catalogue_fingerprint=_combined(items_state, catalogue_log_state, erased),
        curated_schema_hash=_schema_hash(settings.schema),
    )


def reindex_cache_keys(settings: Settings) -> CacheKeys:
    """Returns the cache keys of a re-index, which reads the log only to decide on unknown items.

    Raises:
      InputError: An input does not exist or cannot be read.
    """
    _configure_filesystems(settings)
    items_state = _source_fingerprint("items", settings.items, settings) if settings.items else ""
    log_state = (
        _source_fingerprint("interactions", settings.interactions, settings)
        if settings.catalogue_reads_log
        else ""
    )
    erased = load_erased_ids(settings.erase).digest
    return CacheKeys(
        launch_id=uuid.uuid4().hex,
        interactions_fingerprint="",
        catalogue_fingerprint=_combined(items_state, log_state, erased),
        curated_schema_hash=_schema_hash(settings.schema),
    )


def placeholder_cache_keys() -> CacheKeys:
    """Returns random cache keys, for a run whose inputs have not been read."""
    launch_id = uuid.uuid4().hex
    return CacheKeys(launch_id, f"{_UNREAD}{launch_id}", f"{_UNREAD}{launch_id}")


def compiled_cache_keys(settings: Settings) -> CacheKeys:
    """Returns the cache keys of a compiled pipeline, whose inputs this machine may not reach.

    All are the id of the run, which the backend inserts. A pipeline that is submitted twice or on a
    schedule therefore reads its inputs in each run, whatever the backend has in its cache.

    Args:
      settings: Validated settings.
    """
    return CacheKeys(
        launch_id=_RUN_ID,
        interactions_fingerprint=_RUN_ID,
        catalogue_fingerprint=_RUN_ID,
        curated_schema_hash="" if settings.schema is None else _RUN_ID,
    )


def check_query(
    key: str,
    source: InteractionsSettings | ItemsSettings | UsersSettings,
    query: str,
    settings: Settings,
) -> QueryMetadata:
    """Validates a source's query in a BigQuery dry run and returns the facts about it.

    Args:
      key: The source's section in the configuration.
      source: Settings of the source.
      query: Its SQL query.
      settings: Settings of the run; their Beam arguments name the project.

    Raises:
      InputError: The query is invalid, a column is missing, or BigQuery cannot be reached.
    """
    with _errors_name_key(f"{key}.query"):
        facts = describe_query(query, settings.beam.args)
    check_query_columns(key, source, facts.columns)
    return facts


def _configure_filesystems(settings: Settings) -> None:
    # Some filesystems take their host or endpoint from Beam's options.
    FileSystems.set_options(PipelineOptions(list(settings.beam.args)))


def _source_fingerprint(
    key: str, source: InteractionsSettings | ItemsSettings | UsersSettings, settings: Settings
) -> str:
    """Returns the fingerprint of a source's files or of its query."""
    if source.query is not None:
        return query_fingerprint(source.query, check_query(key, source, source.query, settings))
    with _errors_name_key(f"{key}.path"):
        return fingerprint(source.paths, source.range)


@contextmanager
def _errors_name_key(key: str) -> Iterator[None]:
    """Prefixes the message of an InputError with a configuration key."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{key}: {error}") from error


def _combined(*fingerprints: str) -> str:
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()[:16]


def _schema_hash(path: str | None) -> str:
    if path is None:
        return ""
    with _errors_name_key("schema"):
        check_filesystem(path)
        if not FileSystems.exists(path):
            raise InputError(f"{path}: no such file; give the path of a TFMD schema (.pbtxt)")
        with open_input(path) as file:
            return hashlib.sha256(file.read()).hexdigest()[:16]
