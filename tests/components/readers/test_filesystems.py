"""Paths on other filesystems: read like local ones, or rejected with a remedy."""

import gzip

import pytest

from components.readers import extras
from components.readers.files import find_files
from components.readers.read import find_columns, read_records
from components.readers.records import Record
from schemas.errors import InputError
from schemas.source_settings import SourceSettings
from tests.components.readers.memory_files import memory_files


def test_remote_file_is_found_and_read() -> None:
    source = SourceSettings(path="memory://bucket/log", format="csv")
    with memory_files() as contents:
        contents["memory://bucket/log/a.csv.gz"] = gzip.compress(b"user,item\nu1,i1\n")
        contents["memory://bucket/log/b.csv"] = b"user,item\nu2,i2\n"
        contents["memory://bucket/log/_SUCCESS"] = b"x"
        paths = [file.path for file in find_files(source.paths)]
        assert paths == ["memory://bucket/log/a.csv.gz", "memory://bucket/log/b.csv"]
        records = [
            record for path in paths for record in read_records(path, source, ("item", "user"))
        ]
        assert [r.values for r in records if isinstance(r, Record)] == [("i1", "u1"), ("i2", "u2")]
        assert find_columns(paths[0], source, ("item", "no"))[1] == ["no"]


def test_filesystem_that_lists_one_folder_at_a_time() -> None:
    names = ["2024/05/01/a.csv", "2024/05/02/a.csv", "2024/05/02/b.csv"]
    expected = [f"folders://host/log/{name}" for name in names]
    with memory_files() as contents:
        contents.update(dict.fromkeys(expected, b"x"))
        contents["folders://host/log/2024/05/02/_temporary/c.csv"] = b"x"
        contents["folders://host/log/readme.txt"] = b"x"

        def found(path: str) -> list[str]:
            return [file.path for file in find_files(path)]

        days = "folders://host/log/{YYYY}/{MM}/{DD}"
        assert found(days) == found(f"{days}/*.csv") == expected
        assert found("folders://host/log/*/05/*/a.csv") == expected[:2]
        assert found("folders://host/log/2024/05/02") == expected[1:]
        assert found(expected[0]) == expected[:1]


@pytest.mark.parametrize(
    ("glob", "matched"),
    [
        ("**", ["2024/05/01/a.csv", "2024/05/02/a.csv", "2024/b.csv", "readme.txt"]),
        ("**/a.csv", ["2024/05/01/a.csv", "2024/05/02/a.csv"]),
        ("20*/**.csv", ["2024/05/01/a.csv", "2024/05/02/a.csv", "2024/b.csv"]),
        ("*/*.csv", ["2024/b.csv"]),
        ("[2]024/*.csv", ["2024/b.csv"]),
        ("*/{MM}/{DD}/{YYYY}*", []),
    ],
)
@pytest.mark.parametrize("scheme", ["folders", "memory"])
def test_globs_match_the_same_files_on_every_kind_of_filesystem(
    scheme: str, glob: str, matched: list[str]
) -> None:
    """Empty files such as _SUCCESS are not folders, and `**` enters all folders."""
    root = f"{scheme}://host/log"
    with memory_files() as contents:
        for name in ("2024/05/01/a.csv", "2024/05/02/a.csv", "2024/b.csv", "readme.txt"):
            contents[f"{root}/{name}"] = b"x"
        contents[f"{root}/_SUCCESS"] = b""
        contents[f"{root}/2024/_SUCCESS"] = b""
        if matched:
            paths = [file.path for file in find_files(f"{root}/{glob}")]
            assert paths == [f"{root}/{name}" for name in matched]
        else:
            with pytest.raises(InputError, match="no file matches"):
                find_files(f"{root}/{glob}")


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("s3a://bucket/log", "write s3://BUCKET/"),
        ("abfss://container@account/log", "write azfs://ACCOUNT/CONTAINER/"),
        ("file:///log.csv", "write a local path without file://"),
        ("ftp://host/log", "ftp:// is not supported; use a local path or "),
        ("hdfs://log/a.csv", "the options of the filesystem in beam.args"),
    ],
)
def test_unsupported_filesystem_is_named(path: str, part: str) -> None:
    with pytest.raises(InputError) as caught:
        find_files(path)
    assert path in str(caught.value)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("path", "package", "extra"),
    [
        ("s3://bucket/log", "boto3", "aws"),
        ("azfs://account/container/log", "azure.storage.blob", "azure"),
        ("gs://bucket/log", "google.cloud.storage", "gcp"),
    ],
)
def test_missing_extra_is_named(
    path: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_nothing(module: str) -> None:
        if module.startswith("azure"):
            raise ModuleNotFoundError(module)

    monkeypatch.setattr(extras, "find_spec", find_nothing)
    with pytest.raises(InputError, match=rf"{path}.* needs {package}.*apache-beam\[{extra}\]=="):
        find_files(path)
