"""The command line: results in JSON or as tables, the version, and shell completion."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from pipeline import cli
from pipeline.commands import ingest, rollback, schema, unavailable
from pipeline.console import Console
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError

COUNTS: dict[str, Any] = {
    "read": 3,
    "kept": 2,
    "rejects": {"late": 1},
    "splits": {},
    "users": 1,
    "items": 2,
    "seconds": 0.5,
    "warnings": ["split: eval has 1 of the 48 events"],
    "catalogue": {
        "read": 0,
        "kept": 0,
        "rejects": {},
        "items": 2,
        "seconds": 0.5,
        "warnings": ["items.features.title: set items.features.title.html: strip"],
    },
}


class Terminal(io.StringIO):
    """A text stream that behaves as a terminal."""

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


def output_of(monkeypatch: pytest.MonkeyPatch, result: io.StringIO, *arguments: str) -> str:
    """Returns what a command writes to `result`, with its work replaced by fixed results."""

    @contextmanager
    def streams(log_path: str) -> Iterator[Console]:
        yield Console(progress=io.StringIO(), result=result)

    for module in (cli.pipeline_commands, cli.version_commands):
        monkeypatch.setattr(module, "quiet_streams", streams)
    monkeypatch.setattr(ingest, "run_ingestion", lambda settings: COUNTS)
    monkeypatch.setattr(schema, "infer_schema", lambda settings, console: "# inferred é\n")
    invoked = CliRunner().invoke(cli.app, list(arguments), catch_exceptions=False)
    assert invoked.exit_code == 0
    return result.getvalue()


@pytest.mark.parametrize(
    ("stream", "options"), [(io.StringIO, []), (io.StringIO, ["--json"]), (Terminal, ["--json"])]
)
def test_ingest_prints_json_without_a_terminal_or_on_request(
    monkeypatch: pytest.MonkeyPatch, config: str, stream: type[io.StringIO], options: list[str]
) -> None:
    text = output_of(monkeypatch, stream(), "ingest", config, *options)
    assert json.loads(text) == COUNTS
    assert text.count("\n") == 1


def test_ingest_prints_a_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch, config: str) -> None:
    text = output_of(monkeypatch, Terminal(), "ingest", config)
    assert text.splitlines()[:3] == ["records   log", "read        3", "kept        2"]


def test_schema_is_printed_or_written(
    monkeypatch: pytest.MonkeyPatch, config: str, tmp_path: Path
) -> None:
    assert output_of(monkeypatch, io.StringIO(), "schema", config) == "# inferred é\n"
    path = tmp_path / "out.pbtxt"
    assert (
        output_of(monkeypatch, io.StringIO(), "schema", config, "--output", str(path))
        == f"{path}\n"
    )
    assert path.read_text(encoding="utf-8") == "# inferred é\n"


def test_unavailable_and_rollback_get_the_record_of_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "run.json").write_text('{"status": "pushed"}', encoding="utf-8")
    monkeypatch.setattr(unavailable, "replace_unavailable", lambda *args: f"list {args}")
    monkeypatch.setattr(rollback, "roll_back", lambda *args: f"back {args}")
    run, record = str(tmp_path), {"status": "pushed"}

    def output(*arguments: str) -> str:
        return output_of(monkeypatch, io.StringIO(), *arguments)

    assert output("unavailable", run, "sold-out.txt") == f"list {(run, record, 'sold-out.txt')}"
    assert output("rollback", run) == f"back {(run, record, None)}"
    assert output("rollback", run, "--to", "7") == f"back {(run, record, 7)}"


def test_version_is_that_of_the_distribution() -> None:
    invoked = CliRunner().invoke(cli.app, ["--version"], catch_exceptions=False)
    assert invoked.exit_code == 0
    assert invoked.stdout == f"twotower {metadata.version('twotower')}\n"


def test_help_lists_the_version_and_shell_completion() -> None:
    invoked = CliRunner().invoke(cli.app, ["--help"], catch_exceptions=False)
    for option in ("--version", "--install-completion", "--show-completion"):
        assert option in invoked.stdout


def test_bash_completes_command_names() -> None:
    completion = {
        "_TWOTOWER_COMPLETE": "complete_bash",
        "COMP_WORDS": "twotower re",
        "COMP_CWORD": "1",
    }
    program = "import sys; sys.argv = ['twotower']; from pipeline.cli import main; main()"
    completed = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | completion,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.stdout.split() == ["reindex", "recommend", "report"]
    assert completed.stderr == ""


@pytest.mark.parametrize("content", [None, "[1]", "{", ""])
def test_a_missing_or_damaged_record_is_reported(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content, encoding="utf-8")
    message = "expected the directory of a run" if content is None else "damaged"
    with pytest.raises(InputError, match=rf"run\.json: .*{message}"):
        CliRunner().invoke(cli.app, ["rollback", str(tmp_path)], catch_exceptions=False)


MIXTURE = """
import sys
from schemas import version_set
version_set.installed_version = lambda name: "0.0.1"
sys.argv = ["twotower", *sys.argv[1:]]
from pipeline.cli import main
try:
    main()
finally:
    assert "tensorflow" not in sys.modules
    assert "apache_beam" not in sys.modules
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "config.yaml"],
        ["reindex", "runs/shop", "--catalogue=items.csv"],
        ["compile", "config.yaml", "--target=vertex"],
    ],
)
def test_mixture_of_library_versions_is_refused_first(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MIXTURE, *arguments], capture_output=True, text=True, check=False
    )

    assert done.returncode == ExitCode.BAD_INPUT, done.stderr
    assert done.stderr.startswith("error: the installed libraries are not the set python3.")
    assert "tensorflow is 0.0.1 (expected" in done.stderr
    assert "`make clean setup`" in done.stderr
    assert "config.yaml" not in done.stderr


def test_complete_set_is_not_refused() -> None:
    with pytest.raises(InputError, match=r"no-such\.yaml: no such configuration file"):
        CliRunner().invoke(cli.app, ["run", "no-such.yaml"], catch_exceptions=False)
