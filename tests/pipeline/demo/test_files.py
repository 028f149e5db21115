"""The files of the demo log agree with the manifest and are rewritten only when outdated."""

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipeline.demo import files
from pipeline.demo.__main__ import main
from pipeline.demo.defects import FUTURE_MS
from pipeline.demo.settings import END_MS, DemoSettings


@pytest.fixture(scope="module")
def written(
    tmp_path_factory: pytest.TempPathFactory, small_settings: DemoSettings
) -> tuple[Path, dict[str, Any]]:
    directory = tmp_path_factory.mktemp("demo")
    return directory, files.write_world(directory, small_settings)


def read_lines(directory: Path) -> list[str]:
    return gzip.decompress((directory / files.EVENTS).read_bytes()).decode().splitlines()


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def kind_of(line: str, seen: set[str], items: set[str], bots: set[str]) -> str:
    """Returns the kind of a line, which follows from its content and the lines before it."""
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return "malformed"
    if line in seen:
        return "duplicate"
    seen.add(line)
    if event["ts"] >= FUTURE_MS:
        return "future_timestamp"
    if event["user"] in bots:
        return "bot"
    return "clean" if event["item"] in items else "unknown_item"


def test_the_manifest_contains_the_number_of_lines_of_each_kind(
    written: tuple[Path, dict[str, Any]],
) -> None:
    directory, manifest = written
    items = {row["item"] for row in read_csv(directory / files.ITEMS)}
    lines, seen = read_lines(directory), set[str]()
    kinds = Counter(kind_of(line, seen, items, set(manifest["bots"])) for line in lines)
    counts = manifest["counts"]
    assert {"lines": len(lines), **kinds} == {
        kind: count for kind, count in counts.items() if kind not in ("users", "items")
    }
    assert len(lines) - kinds["clean"] < 0.08 * len(lines)
    assert len(items) == counts["items"] == 600


def test_lines_are_ordered_by_time_except_future_timestamps(
    written: tuple[Path, dict[str, Any]],
) -> None:
    events = [json.loads(line) for line in read_lines(written[0]) if line.endswith("}")]
    times = [event["ts"] for event in events if event["ts"] < FUTURE_MS]
    assert times == sorted(times)
    assert times[-1] < END_MS + 1000
    assert set(events[0]) == {"event_id", "user", "item", "ts", "type", "device"}


def test_users_file_contains_all_users_except_bots(
    written: tuple[Path, dict[str, Any]],
) -> None:
    directory, manifest = written
    users = {row["user"] for row in read_csv(directory / files.USERS)}
    assert len(users) == manifest["counts"]["users"] == 150
    assert len(manifest["bots"]) == 2
    assert users.isdisjoint(manifest["bots"])


def test_files_depend_only_on_the_seed(
    written: tuple[Path, dict[str, Any]], small_settings: DemoSettings, tmp_path: Path
) -> None:
    directory, manifest = written
    files.write_world(tmp_path / "again", small_settings)
    for name in (*files.DATA_FILES, files.MANIFEST):
        assert (tmp_path / "again" / name).read_bytes() == (directory / name).read_bytes()
    other = DemoSettings(seed=4, num_users=150, num_items=600, num_days=90)
    changed = files.write_world(tmp_path / "other", other)["sha256"]
    assert all(changed[name] != manifest["sha256"][name] for name in files.DATA_FILES)


def test_edited_files_are_kept(small_settings: DemoSettings, tmp_path: Path) -> None:
    files.write_world(tmp_path, small_settings)
    assert files.current_manifest(tmp_path, small_settings) is not None
    (tmp_path / files.USERS).write_text("user,age_band,location\n")
    assert files.current_manifest(tmp_path, small_settings) is not None
    (tmp_path / files.USERS).unlink()
    assert files.current_manifest(tmp_path, small_settings) is None


def test_another_version_or_seed_is_not_current(
    written: tuple[Path, dict[str, Any]],
    small_settings: DemoSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert files.current_manifest(written[0], DemoSettings()) is None
    monkeypatch.setattr(files, "GENERATOR_VERSION", "next")
    assert files.current_manifest(written[0], small_settings) is None


def test_files_without_a_manifest_are_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / files.ITEMS).write_text("mine\n")
    assert main([str(tmp_path)]) == 2
    assert (tmp_path / files.ITEMS).read_text() == "mine\n"
    assert "choose another directory" in capsys.readouterr().err


def test_the_command_does_not_rewrite_current_files(
    small_settings: DemoSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def small(seed: int) -> DemoSettings:
        return small_settings

    small.seed = 3  # type: ignore[attr-defined]
    monkeypatch.setattr("pipeline.demo.__main__.DemoSettings", small)
    assert main([str(tmp_path)]) == 0
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in files.DATA_FILES}
    assert main([str(tmp_path)]) == 0
    assert before == {name: (tmp_path / name).stat().st_mtime_ns for name in files.DATA_FILES}
    captured = capsys.readouterr()
    assert "up to date" in captured.err
    assert captured.out == ""
