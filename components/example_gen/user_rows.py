"""Rows of the users file: one for each user, and its features beside that user's events."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.event_table import user_rows_schema
from components.records.arrow_rows import PLACE, TEXT, file_and_line, from_bytes
from schemas.events import Reject, RejectReason
from schemas.features import MISSING_NUMBER, MISSING_TEXT, USER_ID, Feature


def latest_rows(
    streams: Iterable[bytes], features: Sequence[Feature], files: tuple[str, ...]
) -> tuple[pa.Table, Iterator[Reject]]:
    """Of several rows of one user the last one (by file name, then line) counts.

    Args:
      streams: Rows of `user_rows_schema` as Arrow IPC bytes.
      features: The user features.
      files: The sorted users files.

    Returns:
      One row a user, sorted by id: `user_id` and the features; and rejections of earlier rows.
    """
    rows = from_bytes(streams, user_rows_schema(features)).sort_by(
        [(USER_ID, "ascending"), (PLACE, "ascending"), (TEXT, "ascending")]
    )
    user = rows.column(USER_ID).combine_chunks().dictionary_encode().indices.to_numpy()
    is_last = np.append(np.diff(user) != 0, len(user) > 0)[: len(user)]
    latest = rows.filter(pa.array(is_last))
    kept_place = latest.column(PLACE).to_numpy()[np.cumsum(is_last) - is_last]
    replaced = _replaced(rows, np.flatnonzero(~is_last), kept_place, files)
    return latest.select([USER_ID, *(feature.name for feature in features)]), replaced


def _replaced(
    rows: pa.Table, replaced: np.ndarray, kept_place: np.ndarray, files: tuple[str, ...]
) -> Iterator[Reject]:
    for index, row in zip(
        replaced.tolist(), rows.take(pa.array(replaced)).to_pylist(), strict=True
    ):
        file, line = file_and_line(row[PLACE])
        kept_file, kept_line = file_and_line(int(kept_place[index]))
        detail = (
            f"user {row[USER_ID]} has a later row, which is kept: "
            f"{files[kept_file]}, line {kept_line}"
        )
        yield Reject(files[file], line, RejectReason.DUPLICATE, detail, row[TEXT])


def values_of(user_ids: pa.StringArray, users: pa.Table, features: Sequence[Feature]) -> pa.Table:
    """The features of some users, missing ones for those that the users file lacks.

    Args:
      user_ids: [num_users].
      users: What `latest_rows` gave.
      features: The user features.

    Returns:
      [num_users] rows of the columns `user_id` and the features.
    """
    found = pc.index_in(user_ids, value_set=users.column(USER_ID).combine_chunks())
    columns = {USER_ID: user_ids}
    for feature in features:
        missing = MISSING_NUMBER if feature.is_number else MISSING_TEXT
        column = users.column(feature.name).combine_chunks()
        columns[feature.name] = column.take(found).fill_null(missing)
    return pa.table(columns)
