"""Placeholders in paths: files found, days and spans selected, and errors."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.readers.files import find_files
from components.readers.patterns import parse_pattern
from schemas.errors import InputError
from schemas.source_settings import RangeSettings
from tests.components.readers.memory_files import memory_files

DAYS = "memory://log/{YYYY}/{MM}/{DD}/part.csv"
SPANS = "memory://log/span-{SPAN}.csv"
# 2023-12-29 to 2024-03-04: months of 31 and 29 days, the end of a year, a leap day.
FIRST_DAY, NUM_DAYS = date(2023, 12, 29), 67


def day(number: int) -> date:
    return FIRST_DAY + timedelta(days=number)


def day_path(of: date) -> str:
    return f"memory://log/{of:%Y/%m/%d}/part.csv"


def found(path: str | tuple[str, ...], **limits: object) -> list[str]:
    settings = RangeSettings(**limits) if limits else None  # type: ignore[arg-type]
    return [file.path for file in find_files(path, settings)]


def rejection(path: str | tuple[str, ...], **limits: object) -> str:
    with pytest.raises(InputError) as caught:
        found(path, **limits)
    return str(caught.value)


@given(
    of=st.dates(min_value=date(1000, 1, 1)),
    template=st.sampled_from(
        [
            "logs/{YYYY}/{MM}/{DD}/x.csv",
            "logs/{YYYY}-{MM}-{DD}.csv",
            "{DD}.{MM}.{YYYY}/part-1234",
            "logs/{YYYY}/{MM}/{YYYY}{MM}{DD}.csv",
            "logs/v12-*{YYYY}{MM}{DD}*.csv",
            "year={YYYY}/month={MM}/day={DD}/[a-z]?.csv",
            "**/{YYYY}{MM}{DD}",
        ]
    ),
)
def test_date_is_parsed_from_its_path(of: date, template: str) -> None:
    parts = {"{YYYY}": f"{of:%Y}", "{MM}": f"{of:%m}", "{DD}": f"{of:%d}"}
    path = template.replace("**", "a/b").replace("*", "").replace("[a-z]?", "xy")
    for placeholder, text in parts.items():
        path = path.replace(placeholder, text)
    assert parse_pattern(template).ordinal(path) == of.toordinal()


@given(st.integers(0, 9999), st.integers(0, 99), st.integers(0, 99))
def test_impossible_dates_do_not_match(year: int, month: int, of_month: int) -> None:
    text = f"{year:04}-{month:02}-{of_month:02}"
    try:
        expected = date.fromisoformat(text).toordinal()
    except ValueError:
        expected = None
    assert parse_pattern("{YYYY}-{MM}-{DD}.csv").ordinal(f"{text}.csv") == expected


def test_repeated_placeholders_must_be_equal() -> None:
    pattern = parse_pattern("{YYYY}/{YYYY}-{MM}-{DD}")
    assert pattern.ordinal("2024/2024-05-01") == date(2024, 5, 1).toordinal()
    assert pattern.ordinal("2023/2024-05-01") is None


@given(st.integers(0, 10**12), st.integers(0, 4))
def test_span_is_the_whole_number(span: int, zeros: int) -> None:
    text = "0" * zeros + str(span)
    assert parse_pattern("out/*span-{SPAN}*.gz").ordinal(f"out/my-span-{text}.csv.gz") == span
    assert parse_pattern("{SPAN}").ordinal(f"{text}x") is None


@given(
    present=st.sets(st.integers(0, NUM_DAYS - 1), min_size=1),
    last=st.integers(1, 40),
    allow_missing=st.booleans(),
)
def test_last_counts_back_from_the_newest_day(
    present: set[int], last: int, allow_missing: bool
) -> None:
    window = range(max(present) - last + 1, max(present) + 1)
    missing = [number for number in window if number not in present]
    with memory_files() as contents:
        contents.update({day_path(day(number)): b"x" for number in present})
        if missing and not allow_missing:
            message = rejection(DAYS, last=last)
            assert f"{len(missing)} of the {last} days" in message
            assert day(missing[0]).isoformat() in message
            assert "range.allow_missing: true" in message
        else:
            paths = found(DAYS, last=last, allow_missing=allow_missing)
            assert paths == [day_path(day(x)) for x in sorted(present) if x in window]


@given(
    present=st.sets(st.integers(0, 30), min_size=1),
    begin=st.none() | st.integers(0, 30),
    length=st.none() | st.integers(0, 30),
    allow_missing=st.booleans(),
)
def test_spans_from_begin_to_end(
    present: set[int], begin: int | None, length: int | None, allow_missing: bool
) -> None:
    if begin is None and length is None:
        return
    end = None if length is None else (begin or 0) + length
    window = range(
        min(present) if begin is None else begin, (max(present) if end is None else end) + 1
    )
    bounds = {
        "begin": None if begin is None else str(begin),
        "end": None if end is None else str(end),
    }
    expected = sorted(f"memory://log/span-{x}.csv" for x in present if x in window)
    with memory_files() as contents:
        contents.update({f"memory://log/span-{x}.csv": b"x" for x in present})
        contents["memory://log/span-last.csv"] = b"x"
        if expected and (allow_missing or len(expected) == len(window)):
            assert found(SPANS, allow_missing=allow_missing, **bounds) == expected
        else:
            message = rejection(SPANS, allow_missing=allow_missing, **bounds)
            assert "no file for " in message if expected else "no file is in the range" in message


def test_without_a_range_all_valid_days_are_found() -> None:
    with memory_files() as contents:
        for name in ("2024-02-29.csv", "2024-01-01.csv", "2023-02-29.csv", "2024-13-45.csv"):
            contents[f"memory://log/{name}"] = b"x"
        assert found("memory://log/{YYYY}-{MM}-{DD}.csv") == [
            "memory://log/2024-01-01.csv",
            "memory://log/2024-02-29.csv",
        ]


def test_folders_per_day_globs_and_lists(tmp_path: Path) -> None:
    names = ("2024-05-01/b.csv", "2024-05-01/a.csv", "2024-05-01/_SUCCESS", "2024-05-02/a.csv")
    for name in (*names, "2024-05-02/.part.crc", "2024-05-03x/a.csv", "old.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    folders = f"{tmp_path}/{{YYYY}}-{{MM}}-{{DD}}"
    expected = [f"{tmp_path}/{name}" for name in sorted(names) if not name.endswith("_SUCCESS")]
    assert found(folders) == found(f"{folders}/") == expected
    assert found(f"{folders}/*.csv") == expected
    assert found(f"{folders}/*.csv", last=1) == [f"{tmp_path}/2024-05-02/a.csv"]
    assert found((folders, f"{tmp_path}/old.csv"), last=1) == [
        f"{tmp_path}/2024-05-02/a.csv",
        f"{tmp_path}/old.csv",
    ]


def test_every_path_of_a_list_must_be_complete() -> None:
    with memory_files() as contents:
        for name in ("eu/2024-05-01", "eu/2024-05-02", "us/2024-05-01"):
            contents[f"memory://{name}"] = b"x"
        paths = ("memory://eu/{YYYY}-{MM}-{DD}", "memory://us/{YYYY}-{MM}-{DD}")
        assert "us/{YYYY}-{MM}-{DD}: no file for 1 of the 2 days" in rejection(paths, last=2)
        assert len(found(paths, last=2, allow_missing=True)) == 3


def test_relative_paths_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "2024-05-01.csv").write_text("x")
    assert found("{YYYY}-{MM}-{DD}.csv", last=1) == found("*.csv") == ["2024-05-01.csv"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("dt={YYYY}{MM}{DD}/*.csv", ["dt=20240501/a.csv", "dt=20240502/a.csv"]),
        ("dt={YYYY}{MM}{DD}/", ["dt=20240501/a.csv", "dt=20240502/a.csv"]),
        ("dt={YYYY}{MM}{DD}", ["dt=20240501/a.csv", "dt=20240502/a.csv"]),
        ("{SPAN}/b.csv", ["17/b.csv"]),
        ("*/a.csv", ["dt=20240501/a.csv", "dt=20240502/a.csv"]),
        ("[1-9]7/*", ["17/b.csv"]),
        ("?7/b.csv", ["17/b.csv"]),
        ("**/b.csv", ["17/b.csv"]),
        ("**", ["17/b.csv", "dt=20240501/a.csv", "dt=20240502/a.csv"]),
        ("*/", ["17/b.csv", "dt=20240501/a.csv", "dt=20240502/a.csv"]),
    ],
)
def test_relative_paths_whose_first_folder_has_a_wildcard(
    path: str, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("dt=20240501/a.csv", "dt=20240502/a.csv", "17/b.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    monkeypatch.chdir(tmp_path)
    assert found(path) == names
    assert found(f"./{path}") == [f"./{name}" for name in names]
    assert found(f"{tmp_path}/{path}") == [f"{tmp_path}/{name}" for name in names]


def test_only_the_first_missing_days_are_listed() -> None:
    with memory_files() as contents:
        contents[day_path(date(2024, 5, 1))] = b"x"
        message = rejection(DAYS, begin="2024-04-20", end="2024-05-01")
    assert "11 of the 12 days from 2024-04-20 to 2024-05-01" in message
    assert "2024-04-20, 2024-04-21, 2024-04-22, 2024-04-23, 2024-04-24, …;" in message


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("log/{HH}.csv", "unknown placeholder {HH}; known are {YYYY}, {MM} and {DD}, or {SPAN}"),
        ("log/{date}.csv", "unknown placeholder {date}"),
        ("log/{yyyy}{MM}{DD}", "unknown placeholder {yyyy}"),
        ("log/{YYYY}-{MM}.csv", "{DD} is missing"),
        ("log/{MM}/{DD}", "{YYYY} is missing"),
        ("log/{YYYY}-{MM}-{DD}/{SPAN}", "has both a date and a {SPAN}"),
        ("memory://log/{YYYY}-{MM}-{DD}", "no file matches memory://log/{YYYY}-{MM}-{DD}"),
    ],
)
def test_invalid_paths_are_rejected(path: str, part: str) -> None:
    assert part in rejection(path)
