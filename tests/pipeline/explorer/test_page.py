"""The page in a browser: what people click and type, and what they see then."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.chromium import DESKTOP, PHONE, PageLog, needs_chromium, open_page
from tests.pipeline.explorer.explorable_run import (
    HISTORY,
    OTHER_USER,
    SCRIPT_TITLE,
    STRANGE_USER,
    UNAVAILABLE,
    USER,
    K,
)
from tests.pipeline.explorer.running_explorer import RunningExplorer

pytestmark = needs_chromium

# All files of the page, in bytes.
MAX_WEIGHT = 100_000


@pytest.fixture
def opened(explorer: RunningExplorer) -> Iterator[tuple[Page, PageLog]]:
    """The page with the recommendations of the first user; it must not complain."""
    with open_page(explorer.url) as (page, log):
        expect(recommended(page)).to_have_count(K)
        yield page, log
        assert log.problems == []
        assert all(url.startswith(explorer.url) for url in log.requests)


@pytest.fixture
def page(opened: tuple[Page, PageLog]) -> Page:
    return opened[0]


def recommended(page: Page, model: str = "2") -> Locator:
    """The rows of the list of a version."""
    return page.locator(f'article[data-model="{model}"] .recommendations > li')


def titles(page: Page, model: str = "2") -> list[str]:
    """The titles in the list of a version, once it is up to date."""
    expect(page.locator("#lists")).not_to_have_attribute("aria-busy", "true")
    return recommended(page, model).locator(".row > .item > .title").all_inner_texts()


def history(page: Page) -> list[str]:
    """The titles in the history, newest first."""
    return page.locator("#history > li > .row .title").all_inner_texts()


def add_item(page: Page, text: str, title: str) -> None:
    """Searches items and clicks on the one with a title."""
    page.get_by_label("Add an item by its title").fill(text)
    page.get_by_role("option", name=title).first.click()


def numbers(cells: Locator) -> list[float]:
    return [float(text.replace("−", "-")) for text in cells.all_inner_texts()]


def test_the_first_user_of_the_log_is_shown(page: Page) -> None:
    expect(page).to_have_title("shop · twotower explorer")
    expect(page.locator("#user")).to_have_value(USER)
    assert history(page) == [f"Thing {item[-1]}" for item in reversed(HISTORY)]
    expect(page.locator("#history-count")).to_have_text("4 events")
    expect(page.locator("#status")).to_have_text(re.compile(r"^4 items in \d+ ms$"))
    assert not set(titles(page)) & set(history(page))


def test_users_are_chosen_by_a_click_and_by_their_id(page: Page) -> None:
    first = titles(page)
    page.get_by_role("button", name=OTHER_USER, exact=True).click()
    expect(page.locator("#history-count")).to_have_text("1 event")
    expect(page.locator("#history .title")).to_have_text("Thing 4")
    assert titles(page) != first

    page.locator("#user").fill(STRANGE_USER)
    page.locator("#user").press("Enter")
    expect(page.locator("#history .title")).to_have_text("Thing 6")

    page.locator("#user").fill("nobody")
    page.locator("#user").press("Enter")
    expect(page.locator("#user-note")).to_have_text("This user is not in the log of the run.")
    expect(page.locator("#history")).to_have_text("Empty: the model sees the user alone.")
    expect(recommended(page)).to_have_count(K)

    page.locator("#user").fill("")
    page.locator("#user").press("Enter")
    expect(page.locator("#user-note")).to_contain_text("No user")
    expect(recommended(page)).to_have_count(K)


def test_a_history_is_built_from_titles(page: Page) -> None:
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#history")).to_have_text("Empty: the model sees the user alone.")
    before = titles(page)

    add_item(page, "cafe", "The Café of 5")
    add_item(page, "<script>", SCRIPT_TITLE)
    expect(page.locator("#history-count")).to_have_text("2 events")
    assert history(page) == [SCRIPT_TITLE, "The Café of 5"]
    expect(page).to_have_title("shop · twotower explorer")
    assert titles(page) != before

    page.get_by_role("button", name="Remove The Café of 5 from the history").click()
    expect(page.locator("#history-count")).to_have_text("1 event")
    page.get_by_role("button", name="Restore that of the user").click()
    expect(page.locator("#history-count")).to_have_text("4 events")


def test_a_recommended_item_is_added_to_the_history(page: Page) -> None:
    first = titles(page)[0]
    recommended(page).first.get_by_role("button", name="Add").click()
    expect(page.locator("#history .title").first).to_have_text(first)
    expect(recommended(page).filter(has_text=first)).to_have_count(0)


def test_the_number_of_items_and_filters_apply_at_once(page: Page) -> None:
    page.get_by_label("Items", exact=True).fill("8")
    expect(recommended(page)).to_have_count(8)
    page.get_by_text("Filters, weights and exclusions").click()
    page.get_by_label("Only with colour").select_option("red")
    details = recommended(page).locator(".row > .item > small")
    expect(details.first).to_have_text(re.compile(r"^item\d+ · red · "))
    expect(recommended(page).filter(has_not_text="· red ·")).to_have_count(0)

    page.get_by_label("price from").fill("10")
    page.get_by_label("price from").press("Tab")
    page.get_by_label("price weight").fill("50")
    page.get_by_label("price weight").press("Tab")
    expect(page.locator("#condition-count")).to_have_text("3 set")
    expect(details.filter(has_text=re.compile(r"price \d$"))).to_have_count(0)
    prices = [float(text.split("price ")[1]) for text in details.all_inner_texts()]
    assert prices == sorted(prices, reverse=True)

    page.get_by_role("button", name="Reset all").click()
    expect(recommended(page)).to_have_count(8)
    expect(page.get_by_label("price from")).to_have_value("")


def test_items_are_excluded_and_included_again(page: Page) -> None:
    first = titles(page)[0]
    recommended(page).first.get_by_role("button", name="Exclude").click()
    expect(recommended(page).filter(has_text=first)).to_have_count(0)
    page.get_by_text("Filters, weights and exclusions").click()
    page.get_by_role("button", name=f"Do not exclude {first}").click()
    expect(recommended(page).first).to_contain_text(first)


def test_neighbours_are_shown_below_an_item(page: Page) -> None:
    button = recommended(page).first.get_by_role("button", name="Items similar to")
    button.click()
    neighbours = recommended(page).first.locator(".neighbours > li")
    expect(neighbours).to_have_count(K)
    expect(button).to_have_attribute("aria-expanded", "true")
    button.click()
    expect(neighbours).to_have_count(0)

    page.locator("#history > li").first.get_by_role("button", name="Items similar to").click()
    neighbours = page.locator("#history > li").first.locator(".neighbours > li")
    expect(neighbours).to_have_count(K)
    added = neighbours.first.locator(".title").inner_text()
    neighbours.first.get_by_role("button", name="Add").click()
    expect(page.locator("#history .title").first).to_have_text(added)


def test_the_effects_of_an_explanation_add_up_to_the_score(page: Page) -> None:
    for row in recommended(page).all():
        row.get_by_role("button", name="Why").click()
        rows = row.locator(".effects tbody tr")
        expect(rows.filter(has_text="Thing")).to_have_count(len(set(HISTORY)))
        *parts, score = numbers(rows.locator("td:nth-child(3)"))
        assert sum(parts) == pytest.approx(score, abs=0.001 * len(parts))
        assert score == numbers(row.locator(".row > .score"))[0]
        widths = rows.locator(".bar span").evaluate_all("bars => bars.map(bar => bar.offsetWidth)")
        assert len(widths) == len(parts)
        # The largest effect has half of the width of the column.
        longest = widths[[abs(part) for part in parts].index(max(map(abs, parts)))]
        assert longest == max(widths) > 20
        assert row.locator(".bar .negative").count() == sum(part < 0 for part in parts)
    assert page.locator(".bar .negative").count()

    # The details of an item are replaced by those of another kind.
    row = recommended(page).first
    row.get_by_role("button", name="Items similar to").click()
    expect(row.locator(".effects")).to_have_count(0)
    expect(row.locator(".neighbours")).to_have_count(1)


def test_two_versions_are_compared_side_by_side(page: Page) -> None:
    page.get_by_label("Items", exact=True).fill("8")
    expect(recommended(page)).to_have_count(8)
    page.get_by_label("Compare with").select_option("1")
    expect(recommended(page, "1")).to_have_count(8)
    first, second = page.locator("article").all()
    assert first.bounding_box()["x"] < second.bounding_box()["x"]  # type: ignore[index]
    only = recommended(page, "1").filter(has_text="only here")
    expect(only).to_have_count(1)
    title = f"Thing {UNAVAILABLE.removeprefix('item')}"
    expect(only).to_contain_text(title)
    expect(page.locator("#status")).to_contain_text("7 of 8 items are in both lists")
    # The items after it have a better rank in version 2.
    rank = titles(page, "1").index(title)
    assert rank == 2
    badges = recommended(page, "1").locator(".badge").all_inner_texts()
    expected = ["same rank"] * rank + ["only here"] + [f"#{n} there" for n in range(rank + 1, 8)]
    assert badges == expected
    only.get_by_role("button", name="Why").click()
    expect(only.locator(".effects .total")).to_contain_text(f"{rank + 1} of 8")
    page.get_by_label("Compare with").select_option("")
    expect(page.locator("article")).to_have_count(1)


def test_a_reload_keeps_the_request(page: Page) -> None:
    add_item(page, "thing 12", "Thing 12")
    page.get_by_label("Compare with").select_option("1")
    expect(recommended(page, "1")).to_have_count(K)
    shown = titles(page)
    page.reload()
    expect(recommended(page, "1")).to_have_count(K)
    assert titles(page) == shown
    assert history(page)[0] == "Thing 12"
    expect(page.locator("#user")).to_have_value(USER)


def test_the_page_is_used_with_the_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the recommendations")).to_be_focused()
    page.locator("#user").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(OTHER_USER[:1])
    expect(page.locator("#user-options [role=option]")).to_have_count(1)
    page.keyboard.press("ArrowUp")
    expect(page.locator("#user-options [aria-selected=true]")).to_have_text(OTHER_USER)
    page.keyboard.press("Enter")
    expect(page.locator("#user")).to_have_value(OTHER_USER)
    expect(page.locator("#user")).to_have_attribute("aria-expanded", "false")

    page.locator("#item").focus()
    items = page.locator("#item-options [role=option]")
    page.keyboard.type("thing 1")
    expect(items.first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#item-options")).to_be_hidden()
    for count in (2, 3):
        page.keyboard.press("ArrowDown")
        expect(items.first).to_be_visible()
        page.keyboard.press("ArrowDown")
        expect(page.locator("#item")).to_have_attribute("aria-activedescendant", "item-options-0")
        page.keyboard.press("Enter")
        expect(page.locator("#history-count")).to_have_text(f"{count} events")
        expect(page.locator("#item")).to_be_focused()

    page.locator("#history button.remove").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#history-count")).to_have_text("2 events")
    expect(page.locator("#history button.remove").first).to_be_focused()

    why = recommended(page).first.get_by_role("button", name="Why")
    why.focus()
    page.keyboard.press("Enter")
    expect(recommended(page).first.locator(".effects")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_the_window_and_is_readable(
    explorer: RunningExplorer, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    with open_page(explorer.url, size=size, colour_scheme=scheme) as (page, log):
        page.get_by_label("Compare with").select_option("1")
        page.get_by_text("Filters, weights and exclusions").click()
        row = recommended(page).first
        row.get_by_role("button", name="Why").click()
        expect(row.locator(".effects")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert page.evaluate(_TOO_FAINT) == []
        assert log.problems == []


# Texts whose contrast with the page is below 4.5, the minimum of WCAG 2.2 level AA:
# https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
_TOO_FAINT = """() => {
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((text) => {
      const value = text / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const contrast = (node) => {
    const pair = [getComputedStyle(node).color, background(node)].map(luminance);
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  };
  return [...document.querySelectorAll("body *")]
    .filter((node) => node.checkVisibility() && !node.disabled)
    .filter((node) => [...node.childNodes].some((child) => child.data?.trim()))
    .filter((node) => contrast(node) < 4.5)
    .map((node) => `${node.tagName} ${node.className}: ${node.textContent.slice(0, 40)}`);
}"""


def test_messages_of_the_server_are_shown(explorer: RunningExplorer) -> None:
    with open_page(explorer.url) as (page, log):
        expect(recommended(page)).to_have_count(K)
        page.route(
            "**/api/recommend",
            lambda route: route.fulfill(
                status=400, content_type="application/json", body='{"error": "<b>refused</b>"}'
            ),
        )
        page.get_by_role("button", name=OTHER_USER, exact=True).click()
        expect(page.locator("article .error")).to_have_text("<b>refused</b>")
        expect(page.locator("#status")).to_contain_text("0 items")
        # The browser itself reports the status.
        assert all("400 (Bad Request)" in problem for problem in log.problems)


def test_the_page_is_light(explorer: RunningExplorer) -> None:
    with open_page(explorer.url) as (page, _):
        expect(recommended(page)).to_have_count(K)
        sizes = page.evaluate(
            "[...performance.getEntriesByType('navigation'), "
            "...performance.getEntriesByType('resource')].map(entry => entry.transferSize)"
        )
    assert 10_000 < sum(sizes) < MAX_WEIGHT
