"""Recommendations for a few users, the worst misses, and the map of the items."""

from typing import Any

from components.run_reporter.charts.points import MapItem, item_map_plot
from components.run_reporter.formatting import label, number
from components.run_reporter.sections.section import ReportInputs, Section, why_missing
from schemas.steps import EVALUATOR

_USERS_READING = (
    "A few users of the test split, from the one with the fewest past events to the one with the "
    "most: their last events, the recommendations of the model, and the items of their later "
    "events, with which the model was not trained. A tick marks a recommendation that is among "
    "these items. Users are numbered; their ids are not in this section."
)
_MISSES_READING = (
    "The test targets that the model ranks lowest, and those that a baseline has among its first "
    "ten and the model does not, at most one of a user and of an item. A target without training "
    "events is hard for every method that learns from the log; the targets of the second list "
    "can be predicted from it, because a baseline finds them."
)
_MAP_READING = (
    "Items with similar embeddings are near each other (t-SNE; distances between far groups mean "
    "little). Items of one category should be near each other if the category matters to users; "
    "point at an item for its title. Larger points have more training events."
)
_NOT_SHOWN = (
    "The setting rejects.raw: false keeps records out of this page, and the histories of users are "
    "made of records."
)


def users_section(inputs: ReportInputs) -> Section:
    """Returns the section on recommendations for sampled users."""
    section = Section("users", "Recommendations", _USERS_READING, "users.html.j2")
    found = _illustrations(inputs)
    if not found or found["users"] is None:
        return _missing(inputs, section, found)
    items = _Items(found["items"])
    section.values["users"] = [
        {
            "past_events": user["past_events"],
            "history": [items.title(item) for item in user["history"]],
            "recommended": [
                (items.title(item), any(item == other for other, _ in user["withheld"]))
                for item in user["recommended"]
            ],
            "withheld": [(items.title(item), number(rank)) for item, rank in user["withheld"]],
            "num_withheld": user["num_withheld"],
        }
        for user in found["users"]
    ]
    return section


def misses_section(inputs: ReportInputs) -> Section:
    """Returns the section on the worst misses."""
    section = Section("misses", "Worst misses", _MISSES_READING, "misses.html.j2")
    found = _illustrations(inputs)
    if not found or found["misses"] is None:
        return _missing(inputs, section, found)
    items = _Items(found["items"])
    section.values["misses"] = {
        name: [
            {
                **miss,
                "item": items.title(miss["item"]),
                "history": [items.title(item) for item in miss["history"]],
                "baseline": None if miss["baseline"] is None else label(miss["baseline"]),
            }
            for miss in misses
        ]
        for name, misses in found["misses"].items()
    }
    return section


def map_section(inputs: ReportInputs) -> Section:
    """Returns the section with the map of the items."""
    section = Section("map", "Map of the items", _MAP_READING, "map.html.j2")
    found = _illustrations(inputs)
    if not found or not found["map"]["points"]:
        return _missing(inputs, section, None)
    items = _Items(found["items"])
    points = found["map"]["points"]
    shown = [
        MapItem(x, y, items.title(item), items.category(item), events)
        for item, x, y, events in points
    ]
    sampled = ", half of them the most popular, the others a random sample"
    caption = f"{number(len(points))} items{sampled if found['map']['sampled'] else ''}"
    feature = found["items"]["category_feature"] or ""
    section.values["figure"] = item_map_plot("item-map", caption, shown, label(feature))
    return section


class _Items:
    """The texts of the items that the illustrations show, by number."""

    def __init__(self, columns: dict[str, Any]):
        self._columns = columns

    def title(self, number_of_item: int) -> str:
        """Returns the title of an item, or its id if it has none."""
        titles = self._columns["title"]
        return (titles and titles[number_of_item]) or self._columns["id"][number_of_item]

    def category(self, number_of_item: int) -> str:
        """Returns the category of an item; "" without a category feature."""
        categories = self._columns["category"]
        return categories[number_of_item] if categories else ""


def _illustrations(inputs: ReportInputs) -> dict[str, Any] | None:
    return inputs.fragments.get(EVALUATOR, {}).get("illustrations")


def _missing(inputs: ReportInputs, section: Section, found: dict[str, Any] | None) -> Section:
    return section.without_content(_NOT_SHOWN if found else why_missing(inputs, EVALUATOR))
