"""What is said about a catalogue that does not fit the log."""

from pathlib import Path

import pytest

from pipeline.init.checks import checks_of
from pipeline.init.proposal import Proposal, propose
from schemas.errors import InputError
from tests.pipeline.init.starter_logs import events, lines

EVENTS = list(events())
ITEMS = sorted({item for _, item, *_ in EVENTS})


def with_catalogue(folder: Path, *rows: tuple[object, ...]) -> Proposal:
    (folder / "log.csv").write_bytes(lines([("user", "item", "rating", "time"), *EVENTS]))
    (folder / "items.csv").write_bytes(lines(rows))
    return propose(str(folder / "log.csv"), str(folder / "items.csv"), None, {})


def test_rows_that_a_later_row_replaces_are_named(tmp_path: Path) -> None:
    rows = [(i, lang, f"Title {i} {lang}") for i in ITEMS for lang in ("de", "en")]
    (check,) = checks_of(with_catalogue(tmp_path, ("item", "lang", "title"), *rows))
    assert check == (
        "items.fields: 50.0% of the rows repeat the id of a later row and are rejected; if this is "
        "right, set items.reject_limits: {duplicate: 0.55}"
    )


def test_a_catalogue_of_few_items_is_named(tmp_path: Path) -> None:
    rows = [(i, f"Title {i} x") for i in ITEMS[: len(ITEMS) // 4]]
    (check,) = checks_of(with_catalogue(tmp_path, ("item", "title"), *rows))
    assert check.startswith("items.path: only 23.3% of the ids of the log have a row")


def test_a_file_of_many_rows_per_item_is_no_catalogue(tmp_path: Path) -> None:
    rows = [(1_700_000_000 + n, ITEMS[n % len(ITEMS)], f"v{n}") for n in range(4 * len(ITEMS))]
    with pytest.raises(InputError, match="column 'itemid' has the ids of the log, but more"):
        with_catalogue(tmp_path, ("timestamp", "itemid", "value"), *rows)
