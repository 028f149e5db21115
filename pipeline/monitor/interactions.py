"""Reads the target events of the users of some traffic from an interaction log."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.clean import CleanRules, clean
from components.example_gen.event_parser import EventParser
from components.example_gen.event_table import TIME_US
from components.example_gen.sorted_events import SortedEvents, sort_events
from components.example_gen.split import instant_us, target_flags
from components.id_normalisation import IdNormaliser
from components.readers.read import read_batches
from components.readers.source_columns import check_source
from components.records.erase import load_erased_ids
from components.user_hash import hashed_user_id
from pipeline.monitor.columns import Texts
from schemas.data_settings import InteractionsSettings
from schemas.errors import InputError
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.features import ITEM_ID, USER_ID
from schemas.settings import Settings

_SECTION = "interactions"


@dataclass(frozen=True)
class TargetEvents:
    """Target events of the users of some traffic.

    Attributes:
      user: [num_events] int64, codes of users of the traffic.
      item: [num_events] int64, codes of items of the traffic; -1 for other items.
      time_s: [num_events] int64, seconds since the epoch, UTC.
      first_s: The time of the first event of the whole log, of any user and type.
      last_s: The time of its last event.
    """

    user: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    time_s: npt.NDArray[np.int64]
    first_s: int
    last_s: int

    def __len__(self) -> int:
        return len(self.user)


def read_target_events(
    settings: Settings, users: Texts, items: Texts, key: bytes | None
) -> TargetEvents:
    """Reads the events that the configuration of a log makes targets.

    Events that the ingestion would reject or leave out are left out, except for rules that depend
    on the catalogue or on the split.

    Args:
      settings: The configuration.
      users: The users of the traffic.
      items: The items of the traffic.
      key: The key with which the users of the traffic are hashed; None if they are not.

    Raises:
      InputError: The log cannot be read, has no times, or has no event of a user of the traffic.
    """
    log = settings.interactions
    if log.query is not None or log.has_row_order:
        problem = "is a query" if log.query is not None else "has no times (row_order)"
        raise InputError(
            f"{_SECTION}: {problem}, but monitoring reads files with times: export the events "
            "since the first request, and give a configuration that reads them"
        )
    code_of_user = {name: code for code, name in enumerate(users.values) if name}
    tables = []
    first_us, last_us = [], []
    files = check_source(_SECTION, log)
    code_of_name: dict[str, int] = {}
    for batch in _parsed_batches(settings, files):
        times = pc.min_max(batch.column(batch.schema.get_field_index(TIME_US)))
        first_us.append(times["min"].as_py())
        last_us.append(times["max"].as_py())
        names = batch.column(batch.schema.get_field_index(USER_ID)).dictionary_encode()
        for name in names.dictionary.to_pylist():
            if name not in code_of_name:
                shown = name if key is None else hashed_user_id(name, key)
                code_of_name[name] = code_of_user.get(shown, -1)
        codes = np.array([code_of_name[name] for name in names.dictionary.to_pylist()], np.int64)
        is_served = (codes >= 0)[names.indices.to_numpy()]
        tables.append(pa.Table.from_batches([batch]).filter(pa.array(is_served)))
    if not first_us:
        raise InputError(f"{', '.join(log.paths)}: contains no readable event")
    table = pa.concat_tables(tables).combine_chunks()
    if not table.num_rows:
        raise InputError(_no_common_user(log, len(code_of_user), len(code_of_name)))
    events = _targets(sort_events(table), settings, files)
    code_of_item = {name: code for code, name in enumerate(items.values)}
    user_names = events.user_ids.to_pylist()
    item_names = events.texts(ITEM_ID).to_pylist()
    user = np.array([code_of_name[name] for name in user_names], np.int64)
    item = np.array([code_of_item.get(name, -1) for name in item_names], np.int64)
    return TargetEvents(
        user=user[events.user],
        item=item[events.codes(ITEM_ID)],
        time_s=events.time_s,
        first_s=min(first_us) // MICROSECONDS_PER_SECOND,
        last_s=max(last_us) // MICROSECONDS_PER_SECOND,
    )


def _parsed_batches(settings: Settings, files: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """Yields the valid events as batches of `event_table.events_schema`, without context."""
    normalise = IdNormaliser(settings.ids)
    erased = load_erased_ids(settings.erase, normalise)
    parser = EventParser(settings.interactions, (), erased, normalise)
    for number, path in enumerate(files):
        for batch in read_batches(path, settings.interactions, parser.columns):
            parsed = parser.parse(batch.rows, number, path).batch
            if parsed.num_rows:
                yield parsed


def _targets(events: SortedEvents, settings: Settings, files: tuple[str, ...]) -> SortedEvents:
    log = settings.interactions
    earliest = log.reject.earliest
    rules = CleanRules(
        keep=log.keep,
        reject=log.reject,
        now_us=int(time.time() * MICROSECONDS_PER_SECOND),
        earliest_us=None if earliest is None else instant_us(_SECTION, earliest),
        files=files,
    )
    is_kept, _ = clean(events, rules)
    kept = events.where(is_kept)
    return kept.where(target_flags(kept, settings))


def _no_common_user(log: InteractionsSettings, num_served: int, num_logged: int) -> str:
    return (
        f"{', '.join(log.paths)}: none of its {num_logged:,} users is one of the {num_served:,} "
        "users of the traffic; check that both name users by the same ids, and with hashed ids "
        "that this log is not hashed itself: it is hashed by this command"
    )
