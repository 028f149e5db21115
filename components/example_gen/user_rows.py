"""Rows of the users file: the last row of each user, and the features of users with events."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.event_table import user_column, user_rows_schema
from components.records.arrow_rows import POSITION, TEXT, file_and_line, from_bytes
from schemas.events import Reject, RejectReason
from schemas.features import MISSING_NUMBER, MISSING_TEXT, USER_ID, Feature


def latest_user_rows(
    streams: Iterable[bytes], features: Sequence[Feature], files: tuple[str, ...]
) -> tuple[pa.Table, Iterator[Reject]]:
    """Returns the last row of each user, by file name, then line.

    Args:
      streams: Rows of `user_rows_schema` as Arrow IPC streams.
      features: The user features.
      files: The sorted users files.

    Returns:
      One row per user (`user_id` and the features), sorted by id; and the rejects of earlier rows.
    """
    rows = from_bytes(streams, user_rows_schema(features)).sort_by(
        [(USER_ID, "ascending"), (POSITION, "ascending"), (TEXT, "ascending")]
    )
    user = rows.column(USER_ID).combine_chunks().dictionary_encode().indices.to_numpy()
    is_last = np.append(np.diff(user) != 0, len(user) > 0)[: len(user)]
    latest = rows.filter(pa.array(is_last))
    kept_position = latest.column(POSITION).to_numpy()[np.cumsum(is_last) - is_last]
    rejects = _reject_replaced(rows, np.flatnonzero(~is_last), kept_position, files)
    return latest.select([USER_ID, *(user_column(feature) for feature in features)]), rejects


def _reject_replaced(
    rows: pa.Table,
    replaced: npt.NDArray[np.int64],
    kept_position: npt.NDArray[np.int64],
    files: tuple[str, ...],
) -> Iterator[Reject]:
    """Yields a reject for each replaced row.

    Args:
      rows: Rows of the users file.
      replaced: Indices of the rows that a later row of their user replaces.
      kept_position: For each of `rows`, the position of the row that is kept for its user.
      files: The sorted users files.
    """
    for index, row in zip(
        replaced.tolist(), rows.take(pa.array(replaced)).to_pylist(), strict=True
    ):
        file, line = file_and_line(row[POSITION])
        kept_file, kept_line = file_and_line(int(kept_position[index]))
        detail = (
            f"user {row[USER_ID]} has a later row, which is kept: "
            f"{files[kept_file]}, line {kept_line}"
        )
        yield Reject(files[file], line, RejectReason.DUPLICATE, detail, row[TEXT])


def user_features(
    user_ids: pa.StringArray, users: pa.Table, features: Sequence[Feature]
) -> pa.Table:
    """Returns the features of the given users; missing values for users without a row.

    Args:
      user_ids: [num_users] ids.
      users: The rows that `latest_user_rows` returned.
      features: The user features.

    Returns:
      A table of [num_users] with the columns `user_id` and the features.
    """
    row_of_user = pc.index_in(user_ids, value_set=users.column(USER_ID).combine_chunks())
    columns = {USER_ID: user_ids}
    for feature in features:
        missing = MISSING_NUMBER if feature.is_number else MISSING_TEXT
        column = users.column(user_column(feature)).combine_chunks()
        columns[user_column(feature)] = column.take(row_of_user).fill_null(missing)
    return pa.table(columns)
