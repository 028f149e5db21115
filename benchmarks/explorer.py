"""Size of the page of `twotower explore`, and the time from a click to what it shows.

    python -m benchmarks.explorer RUN [--clicks 20] [--screenshots DIR]

RUN is the output folder of a finished run. The page is opened in an installed Chromium
(`apt-get install chromium` on Debian). Each action is repeated, and the times from the click to the
next frame with the result are printed as a table.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.loop_thread import loop_thread
from components.indexer.probe.served_model import load_scann_ops
from pipeline.environment import quieten
from pipeline.explorer.run_explorer import ExplorerServer
from schemas.errors import InputError

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
# Clicks on an element; returns the milliseconds to the frame after another one is no longer busy.
_TIMED_CLICK = """([clicked, changed]) => new Promise((resolve) => {
  let started;
  const target = document.querySelector(changed);
  const observer = new MutationObserver(() => {
    if (target.matches("[aria-busy]") || target.querySelector("[aria-busy]")) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - started));
  });
  observer.observe(target, { attributes: true, childList: true, subtree: true });
  started = performance.now();
  document.querySelector(clicked).click();
})"""
_TRANSFERRED = """() => ["navigation", "resource"].flatMap(
  (type) => performance.getEntriesByType(type)
).map((entry) => [entry.transferSize, entry.responseEnd])"""
_FIRST = ".recommendations > li:first-child"
# What is clicked, by what the table calls it: the element, and the one that changes.
_ACTIONS = {
    "another user": ("#users button[aria-pressed=false]", "#lists"),
    "an event removed": ("#history button.remove", "#lists"),
    "an item added": (f"{_FIRST} .actions button:nth-child(3)", "#lists"),
    "an item excluded": (f"{_FIRST} .actions button:nth-child(4)", "#lists"),
    "why": (f"{_FIRST} .actions button:nth-child(1)", _FIRST),
    "similar items": (f"{_FIRST} .actions button:nth-child(2)", _FIRST),
}


def main() -> int:
    """Prints the table and returns 0; 2 if the run cannot be explored."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.explorer", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("run", help="output folder of a finished run")
    parser.add_argument(
        "--clicks", type=int, default=20, help="repetitions of each action (default %(default)s)"
    )
    parser.add_argument("--screenshots", type=Path, help="folder for screenshots of the page")
    options = parser.parse_args()
    quieten()
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        sys.stderr.write(f"error: none of {', '.join(_BROWSERS)} is on the PATH\n")
        return 2
    load_scann_ops()
    try:
        with _served(options.run) as url:
            _measure(url, browser, options.clicks)
            if options.screenshots is not None:
                _take_screenshots(url, browser, options.screenshots)
    except InputError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


@contextmanager
def _served(run_dir: str) -> Iterator[str]:
    """Serves the page during the block, and yields its address."""

    async def make() -> ExplorerServer:
        return ExplorerServer(run_dir, (), 0)

    with loop_thread() as wait:
        server = wait(make())
        try:
            wait(server.start())
            yield server.url
        finally:
            wait(server.stop())


def _measure(url: str, browser: str, num_clicks: int) -> None:
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=browser).new_page()
        page.goto(url)
        page.locator(_FIRST).wait_for()
        transferred = page.evaluate(_TRANSFERRED)
        num_bytes = sum(size for size, _ in transferred)
        print(f"page: {len(transferred)} requests, {num_bytes / 1000:.0f} kB")
        print(f"from the request of the page to recommendations: {transferred[-1][1]:.0f} ms")
        print(f"\n{'ms from a click to':<20}{'p50':>8}{'p90':>8}{'max':>8}")
        for name, (clicked, changed) in _ACTIONS.items():
            times = [_timed(page, clicked, changed) for _ in range(num_clicks)]
            print(f"{name:<20}" + "".join(f"{time:>8.0f}" for time in _summary(times)))


def _timed(page: Page, clicked: str, changed: str) -> float:
    if page.locator(clicked).count() == 0:
        _timed(page, _ACTIONS["another user"][0], "#lists")
    milliseconds = float(page.evaluate(_TIMED_CLICK, [clicked, changed]))
    if changed != "#lists":
        # The details close at once, so that the next click opens them again.
        page.locator(clicked).click()
    return milliseconds


def _summary(times: Sequence[float]) -> tuple[float, float, float]:
    return float(np.percentile(times, 50)), float(np.percentile(times, 90)), max(times)


def _take_screenshots(url: str, browser: str, folder: Path) -> None:
    """Writes the page with an explanation, in each size and colour scheme."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser)
        for size, (width, height) in _SIZES.items():
            for scheme in ("light", "dark"):
                context = chromium.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if scheme == "dark" else "light",
                )
                page = context.new_page()
                page.goto(url)
                page.locator(f"{_FIRST} .actions button").first.click()
                page.locator(".effects").wait_for()
                page.screenshot(path=folder / f"{size}-{scheme}.png", full_page=True)


if __name__ == "__main__":
    sys.exit(main())
