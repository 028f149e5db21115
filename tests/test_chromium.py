"""The browser of the tests: what it records of a page."""

from pathlib import Path

from tests.chromium import PHONE, needs_chromium, open_page

pytestmark = needs_chromium


def test_the_log_contains_errors_and_requests_of_the_page(tmp_path: Path) -> None:
    page_file = tmp_path / "page.html"
    page_file.write_text(
        "<title>page</title><img src='other.png'>"
        "<script>console.log('fine'); console.error('bad'); throw new Error('lost')</script>"
    )

    with open_page(page_file.as_uri()) as (page, log):
        assert page.title() == "page"

    assert log.requests == [page_file.as_uri(), (tmp_path / "other.png").as_uri()]
    assert "error: bad" in log.problems
    assert any(text.startswith("uncaught: lost") for text in log.problems)
    assert not any("fine" in text for text in log.problems)


def test_the_page_has_the_requested_size_and_colour_scheme(tmp_path: Path) -> None:
    page_file = tmp_path / "page.html"
    page_file.write_text("<meta name=viewport content='width=device-width'>")

    with open_page(page_file.as_uri(), size=PHONE, colour_scheme="dark") as (page, log):
        assert page.evaluate("[innerWidth, innerHeight]") == list(PHONE)
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")

    assert log.problems == []
