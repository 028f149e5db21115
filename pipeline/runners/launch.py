"""What is found out when a run is launched: fingerprints of its inputs, and an id of its own."""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from components.readers.bigquery_facts import QueryFacts, describe_query
from components.readers.filesystems import check_filesystem
from components.readers.fingerprint import fingerprint, query_fingerprint
from components.readers.open_input import open_input
from components.readers.source_columns import check_query_columns
from components.records.erase import load_erased_ids
from pipeline.graph import LaunchFacts
from schemas.data_settings import InteractionsSettings, ItemsSettings, UsersSettings
from schemas.errors import InputError
from schemas.settings import Settings


def launch_facts(settings: Settings) -> LaunchFacts:
    """Fingerprints every input, so that a changed file runs what depends on it again.

    Raises:
      InputError: An input does not exist or cannot be read.
    """
    # Some filesystems take their host or endpoint from Beam's options.
    FileSystems.set_options(PipelineOptions(list(settings.beam.args)))
    items, users = settings.items, settings.users
    log_state = _source_state("interactions", settings.interactions, settings)
    items_state = _source_state("items", items, settings) if items else ""
    users_state = _source_state("users", users, settings) if users else ""
    erased = load_erased_ids(settings.erase).digest
    logged = log_state if settings.catalogue_reads_log else ""
    return LaunchFacts(
        launch=uuid.uuid4().hex,
        interactions_fingerprint=_joined(log_state, users_state, erased),
        catalogue_fingerprint=_joined(items_state, logged, erased),
        curated_schema_hash=_schema_hash(settings.schema),
    )


def catalogue_facts(settings: Settings) -> LaunchFacts:
    """The facts of a re-index, which reads the log only where it decides on items.

    Raises:
      InputError: An input does not exist or cannot be read.
    """
    FileSystems.set_options(PipelineOptions(list(settings.beam.args)))
    items = _source_state("items", settings.items, settings) if settings.items else ""
    reads_log = settings.catalogue_reads_log
    logged = _source_state("interactions", settings.interactions, settings) if reads_log else ""
    erased = load_erased_ids(settings.erase).digest
    return LaunchFacts(
        launch=uuid.uuid4().hex,
        interactions_fingerprint="",
        catalogue_fingerprint=_joined(items, logged, erased),
        curated_schema_hash=_schema_hash(settings.schema),
    )


def _source_state(
    key: str, source: InteractionsSettings | ItemsSettings | UsersSettings, settings: Settings
) -> str:
    """The fingerprint of one source's files, or of its query."""
    if source.query is not None:
        return query_fingerprint(source.query, check_query(key, source, source.query, settings))
    with _under(f"{key}.path"):
        return fingerprint(source.paths, source.range)


def check_query(
    key: str,
    source: InteractionsSettings | ItemsSettings | UsersSettings,
    query: str,
    settings: Settings,
) -> QueryFacts:
    """What BigQuery says of the query of one source, before it runs.

    Args:
      key: The section of the configuration.
      source: Its settings.
      query: Its query.
      settings: For the project.

    Raises:
      InputError: The query is wrong, lacks a column, or BigQuery cannot be reached.
    """
    with _under(f"{key}.query"):
        facts = describe_query(query, settings.beam.args)
    check_query_columns(key, source, facts.columns)
    return facts


@contextmanager
def _under(key: str) -> Iterator[None]:
    """Names the key of the configuration in an error."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{key}: {error}") from error


def unread_facts() -> LaunchFacts:
    """Facts for compiling where the inputs may be out of reach: nothing is fingerprinted."""
    launch = uuid.uuid4().hex
    return LaunchFacts(launch, f"unread-{launch}", f"unread-{launch}")


def _joined(*fingerprints: str) -> str:
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()[:16]


def _schema_hash(path: str | None) -> str:
    if path is None:
        return ""
    with _under("schema"):
        check_filesystem(path)
        if not FileSystems.exists(path):
            raise InputError(f"{path}: no such file; give the path of a TFMD schema (.pbtxt)")
        with open_input(path) as file:
            return "-" + hashlib.sha256(file.read()).hexdigest()[:16]
