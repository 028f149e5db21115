"""The section of the documentation that an error message names."""

import re
from pathlib import Path

import pytest

from pipeline.config.document import keys_of
from pipeline.config.documentation import documentation_of, error_text
from schemas.settings import Settings
from schemas.source_settings import SourceSettings

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def sections() -> dict[str, list[str]]:
    """Returns the keys in the table of each section of the page."""
    found: dict[str, list[str]] = {}
    for part in PAGE.read_text("utf-8").split("\n## ")[1:]:
        name = part.split("\n")[0].lower().replace(" ", "-")
        found[name] = re.findall(r"^\| `([\w.]+)` \|", part, re.MULTILINE)
    return found


def test_each_key_is_documented_in_the_section_that_is_named() -> None:
    documented = sections()
    for key in keys_of(Settings):
        _, _, anchor = documentation_of(f"shop.yaml: {key.name}: is wrong").partition("#")
        if "." in key.name:
            assert key.name in documented[anchor], key.name
        else:
            assert anchor in (key.name, "top-level"), key.name
    for key in keys_of(SourceSettings):
        message = f"items.{key.name}: is wrong"
        assert documentation_of(message) == "docs/configuration.md#sources"
        assert key.name in documented["sources"]


@pytest.mark.parametrize(
    ("message", "anchor"),
    [
        ("items.features.title: set items.features.title.html: strip", "features"),
        ("log.csv is damaged; set damaged_files: reject", ""),
        ("runs/items.csv: cannot be read", ""),
        ("--set train.max_epochs: expected key.sub=value", "train"),
        ("schema: there is no file shop.pbtxt", "top-level"),
        ("log.csv: its lines do not contain ','; users: none of the 7 users of the log", "users"),
    ],
)
def test_the_first_key_of_a_message_decides(message: str, anchor: str) -> None:
    assert documentation_of(message).removeprefix("docs/configuration.md#") == anchor


def test_the_address_is_a_line_of_its_own() -> None:
    assert error_text("name: is empty") == (
        "error: name: is empty\nSee docs/configuration.md#top-level\n"
    )
    assert error_text("the disk is full") == "error: the disk is full\n"
