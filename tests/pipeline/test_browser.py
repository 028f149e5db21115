"""Whether a page is opened without being asked for, and by `twotower report`."""

import io
from pathlib import Path

import pytest

from pipeline import browser
from pipeline.browser import has_browser
from pipeline.commands import report
from pipeline.commands.report import report_command
from schemas.errors import InputError
from tests.pipeline.commands.consoles import console
from tests.pipeline.comparison.recorded_runs import hits, write_run


class Terminal(io.StringIO):
    """A stream that behaves as a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "platform", "opens"),
    [
        (Terminal(), {"DISPLAY": ":0"}, "linux", True),
        (Terminal(), {"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        (Terminal(), {}, "linux", False),
        (Terminal(), {}, "darwin", True),
        (Terminal(), {"DISPLAY": ":0", "CI": "true"}, "linux", False),
        (Terminal(), {"CI": "1"}, "darwin", False),
        (io.StringIO(), {"DISPLAY": ":0"}, "linux", False),
        (io.StringIO(), {}, "darwin", False),
    ],
)
def test_a_page_is_opened_unasked_for_a_person_with_a_display(
    stream: io.StringIO, environment: dict[str, str], platform: str, opens: bool
) -> None:
    assert has_browser(stream, environment, platform) == opens


@pytest.mark.parametrize(
    ("option", "has_display", "is_opened"),
    [(None, True, True), (None, False, False), (True, False, True), (False, True, False)],
)
def test_report_opens_the_page_by_option_or_display(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    option: bool | None,
    has_display: bool,
    is_opened: bool,
) -> None:
    run_dir = write_run(tmp_path / "run", hits(0.5))
    page = tmp_path / "run" / "report.html"
    page.write_text("<p>", encoding="utf-8")
    opened: list[str] = []
    monkeypatch.setattr(report, "has_browser", lambda stream: has_display)

    def open_page(uri: str) -> bool:
        opened.append(uri)
        return True

    monkeypatch.setattr(browser.webbrowser, "open", open_page)
    streams = console()

    report_command(run_dir, option, streams)

    assert opened == ([page.resolve().as_uri()] if is_opened else [])
    assert streams.result.getvalue().endswith(f"Report: {page}\n")
    assert streams.progress.getvalue() == ""


def test_without_a_browser_the_path_is_stated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = write_run(tmp_path / "run", hits(0.5))
    (tmp_path / "run" / "report.html").write_text("<p>", encoding="utf-8")
    monkeypatch.setattr(browser.webbrowser, "open", lambda uri: False)
    streams = console()

    report_command(run_dir, True, streams)

    assert "no browser was found" in streams.progress.getvalue()


def test_a_missing_page_is_an_error_if_it_is_to_be_opened(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", hits(0.5))
    with pytest.raises(InputError, match=r"report\.html: no such file"):
        report_command(run_dir, True, console())
