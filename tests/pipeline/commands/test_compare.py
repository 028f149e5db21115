"""`twotower compare`: text, JSON and the file that it writes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline import cli
from pipeline.commands.compare import compare_command
from schemas.errors import InputError
from tests.pipeline.commands.consoles import console
from tests.pipeline.comparison.recorded_runs import hits, write_run


@pytest.fixture
def two_runs(tmp_path: Path) -> tuple[str, str]:
    return write_run(tmp_path / "a", hits(0.3)), write_run(tmp_path / "b", hits(0.6))


def test_text_has_a_table_for_each_part(two_runs: tuple[str, str]) -> None:
    streams = console()

    compare_command(*two_runs, None, False, streams)

    text = streams.result.getvalue()
    for title in ("Data", "Configuration", "Recipe", "Metrics", "Gates", "Time and memory"):
        assert f"\n{title}\n" in text
    (line,) = [line for line in text.splitlines() if line.startswith("  recall@10")]
    assert line.endswith("higher")
    assert "1.2 GB" in text


def test_json_has_the_same_numbers(two_runs: tuple[str, str]) -> None:
    streams = console()

    compare_command(*two_runs, None, True, streams)

    values = json.loads(streams.result.getvalue())
    assert values["a"]["directory"] == two_runs[0]
    (recall,) = values["metrics"]["metrics"]
    assert recall["verdict"] == "higher"
    assert recall["interval"][0] > 0


def test_the_file_is_markdown_or_json(two_runs: tuple[str, str], tmp_path: Path) -> None:
    compare_command(*two_runs, str(tmp_path / "c.md"), False, console())
    compare_command(*two_runs, str(tmp_path / "c.json"), False, console())

    markdown = (tmp_path / "c.md").read_text(encoding="utf-8")
    assert "## Metrics" in markdown
    (row,) = [line for line in markdown.splitlines() if line.startswith("| recall@10 |")]
    assert row.count("|") == 7
    assert json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))["metrics"]["is_paired"]


@pytest.mark.parametrize(
    ("output", "message"), [("c.html", "suffix is '.html'"), ("absent/c.md", "cannot be written")]
)
def test_a_file_that_cannot_be_written_is_an_error(
    two_runs: tuple[str, str], tmp_path: Path, output: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        compare_command(*two_runs, str(tmp_path / output), False, console())


def test_a_folder_without_a_run_is_an_error(two_runs: tuple[str, str], tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.app, ["compare", two_runs[0], str(tmp_path)])
    assert isinstance(result.exception, InputError)
    assert "expected the directory of a run" in str(result.exception)
