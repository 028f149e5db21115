"""What the commands print, and where: JSON for programs, tables for people."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from pipeline import cli
from pipeline.commands import change_served as published
from pipeline.commands import infer_schema, ingest_only
from pipeline.console import Console

COUNTS: dict[str, Any] = {
    "read": 3,
    "kept": 2,
    "rejects": {"late": 1},
    "splits": {},
    "users": 1,
    "items": 2,
    "seconds": 0.5,
    "catalogue": {"read": 0, "kept": 0, "rejects": {}, "items": 2, "seconds": 0.5},
}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.yaml"
    fields = {"user_id": "u", "item_id": "i", "timestamp": "t"}
    log = {"path": "log.csv", "format": "csv", "fields": fields}
    values = {"name": "shop", "output": str(tmp_path / "run"), "interactions": log}
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return str(path)


def printed(monkeypatch: pytest.MonkeyPatch, result: io.StringIO, *arguments: str) -> str:
    """What a command writes to `result`, its work replaced by known answers."""

    @contextmanager
    def streams(log_path: str) -> Iterator[Console]:
        yield Console(progress=io.StringIO(), result=result)

    monkeypatch.setattr(cli, "quiet_streams", streams)
    monkeypatch.setattr(ingest_only, "ingest_only", lambda settings: COUNTS)
    monkeypatch.setattr(infer_schema, "infer_schema", lambda settings: "# inferred é\n")
    done = CliRunner().invoke(cli.app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0
    return result.getvalue()


@pytest.mark.parametrize(
    ("stream", "options"), [(io.StringIO, []), (io.StringIO, ["--json"]), (Terminal, ["--json"])]
)
def test_ingest_prints_json_for_a_program(
    monkeypatch: pytest.MonkeyPatch, config: str, stream: type[io.StringIO], options: list[str]
) -> None:
    text = printed(monkeypatch, stream(), "ingest", config, *options)
    assert json.loads(text) == COUNTS
    assert text.count("\n") == 1


def test_ingest_prints_a_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch, config: str) -> None:
    text = printed(monkeypatch, Terminal(), "ingest", config)
    assert text.splitlines()[:3] == ["records  log", "read       3", "kept       2"]


def test_schema_is_printed_or_written(
    monkeypatch: pytest.MonkeyPatch, config: str, tmp_path: Path
) -> None:
    assert printed(monkeypatch, io.StringIO(), "schema", config) == "# inferred é\n"
    path = tmp_path / "out.pbtxt"
    assert (
        printed(monkeypatch, io.StringIO(), "schema", config, "--output", str(path)) == f"{path}\n"
    )
    assert path.read_text(encoding="utf-8") == "# inferred é\n"


def test_what_serves_is_changed_by_a_run_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "run.json").write_text('{"status": "pushed"}', encoding="utf-8")
    monkeypatch.setattr(published, "replace_unavailable", lambda *given: f"list {given}")
    monkeypatch.setattr(published, "go_back", lambda *given: f"back {given}")
    run, record = str(tmp_path), {"status": "pushed"}

    def said(*arguments: str) -> str:
        return printed(monkeypatch, io.StringIO(), *arguments)

    assert said("unavailable", run, "sold-out.txt") == f"list {(run, record, 'sold-out.txt')}"
    assert said("rollback", run) == f"back {(run, record, None)}"
    assert said("rollback", run, "--to", "7") == f"back {(run, record, 7)}"
