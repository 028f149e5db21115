"""Checks of the configured columns in files with and without a header."""

from pathlib import Path

import pytest

from components.readers.column_search import MAX_RECORDS
from components.readers.source_columns import check_source
from schemas.data_settings import InteractionFields, InteractionsSettings
from schemas.errors import InputError
from schemas.source_settings import FeatureKind, FeatureSettings, SourceFormat
from tests.components.readers.format_files import FIELDS, WRITERS, DamagedFiles, events


def log(
    folder: Path, file_format: SourceFormat, damaged_files: DamagedFiles = "fail"
) -> InteractionsSettings:
    return InteractionsSettings(
        path=f"{folder}/*", format=file_format, fields=FIELDS, damaged_files=damaged_files
    )


@pytest.mark.parametrize("file_format", ["csv", "parquet", "avro"])
def test_file_with_other_columns_is_named(tmp_path: Path, file_format: SourceFormat) -> None:
    for name in ("a", "b", "d"):
        (tmp_path / name).write_bytes(WRITERS[file_format](events(3)))
    source = log(tmp_path, file_format)
    assert len(check_source("interactions", source)) == 3
    (tmp_path / "c.csv").write_text("user,itm,time\n")
    if file_format == "csv":
        with pytest.raises(InputError, match=r"fields\.item_id: .*c\.csv has no column.*'itm'"):
            check_source("interactions", source)
    else:
        with pytest.raises(InputError, match=r"c\.csv is not a (Parquet|Avro) file.*check format"):
            check_source("interactions", source)
        assert len(check_source("interactions", log(tmp_path, file_format, "reject"))) == 4


def test_nested_columns_are_checked(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(WRITERS["parquet"]([{"user": {"id": 1}, "item": 2, "time": 3}]))
    fields = InteractionFields(user_id="user.key", item_id="item", timestamp="time")
    source = InteractionsSettings(path=f"{tmp_path}/a", format="parquet", fields=fields)
    with pytest.raises(InputError, match=r"no column 'user\.key'; did you mean 'user\.id'\?"):
        check_source("interactions", source)


@pytest.mark.parametrize("file_format", ["jsonl", "tfrecord"])
def test_column_of_later_records_is_found(tmp_path: Path, file_format: SourceFormat) -> None:
    rare = [*events(150), {**events(1)[0], "shop": 1}]
    context = {"shop": FeatureSettings(kind=FeatureKind.CATEGORY)}
    source = InteractionsSettings(
        path=f"{tmp_path}/log", format=file_format, fields=FIELDS, context=context
    )
    (tmp_path / "log").write_bytes(WRITERS[file_format](rare))
    assert len(check_source("interactions", source)) == 1
    (tmp_path / "log").write_bytes(WRITERS[file_format](rare[:150]))
    with pytest.raises(InputError, match="no column 'shop' in the first 150 records"):
        check_source("interactions", source)


def test_search_for_a_column_is_limited(tmp_path: Path) -> None:
    rows = [*events(MAX_RECORDS), {"usr": 1}]
    (tmp_path / "log").write_bytes(WRITERS["jsonl"](rows))
    fields = InteractionFields(user_id="usr", item_id="item", timestamp="time")
    source = InteractionsSettings(path=f"{tmp_path}/log", format="jsonl", fields=fields)
    with pytest.raises(InputError, match=rf"no column 'usr' in the first {MAX_RECORDS} records"):
        check_source("interactions", source)
