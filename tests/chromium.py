"""Starts an installed Chromium, for tests that open a web page of this project.

Playwright (https://playwright.dev/python/) drives the browser. Its own browsers are not downloaded:
on Debian, `apt-get install chromium` is enough. Tests that need a browser are skipped without one:

    pytestmark = needs_chromium

    def test_the_page_has_a_title() -> None:
        with open_page(path.as_uri()) as (page, log):
            assert page.title()
        assert log.problems == []
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

# Names of the same browser: in Debian, in Ubuntu, and as packaged by Google.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP = (1280, 900)
PHONE = (390, 844)
# Schemes of addresses that do not leave the page.
_LOCAL = ("about:", "blob:", "data:")


def find_chromium() -> str | None:
    """Returns the path of an installed Chromium or Chrome, or None if there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


needs_chromium = pytest.mark.skipif(
    find_chromium() is None,
    reason=f"no browser on the PATH ({', '.join(PROGRAMS)}); on Debian: apt-get install chromium",
)


@dataclass(frozen=True)
class PageLog:
    """What a page did since it was opened.

    Attributes:
      problems: Errors and warnings of the console, and uncaught exceptions, as text.
      requests: Addresses that the page requested, without `data:` and other local ones; the first
        is the page itself.
    """

    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def open_page(
    url: str,
    *,
    size: tuple[int, int] = DESKTOP,
    colour_scheme: Literal["light", "dark"] = "light",
    offline: bool = False,
) -> Iterator[tuple[Page, PageLog]]:
    """Opens a page in a new headless browser, which is closed at the end.

    Args:
      url: The address of the page, for a file `Path.as_uri()`.
      size: Width and height of the window in pixels.
      colour_scheme: The preference that the browser states to the page.
      offline: Whether the browser has no network.

    Yields:
      The page after its `load` event, and the log of the page.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium())
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=colour_scheme,
            offline=offline,
        )
        page, log = context.new_page(), PageLog()
        _record(page, log)
        page.goto(url)
        yield page, log
        browser.close()


def _record(page: Page, log: PageLog) -> None:
    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            log.problems.append(f"{message.type}: {message.text}")

    def on_request(request: Request) -> None:
        if not request.url.startswith(_LOCAL):
            log.requests.append(request.url)

    page.on("console", on_console)
    page.on("pageerror", lambda error: log.problems.append(f"uncaught: {error}"))
    page.on("request", on_request)
