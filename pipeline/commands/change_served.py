"""Changes what is served of a finished run, and says what serves then."""

import re
from typing import Any

from components.indexer.search.item_table import read_item_ids
from components.pusher.mark_unavailable import mark_unavailable, newest_with_list
from components.pusher.rollback import rollback
from components.unavailable import read_unavailable
from pipeline.paths import run_paths
from pipeline.runners.read_record import recorded_settings
from schemas.errors import InputError

_SEPARATOR = re.compile("[,;\\t]")


def replace_unavailable(run: str, record: dict[str, Any], file: str) -> str:
    """Serves the model of a run with another list of items that may not be recommended.

    Args:
      run: The run directory.
      record: Its run.json.
      file: Item ids, one a line.

    Raises:
      InputError: The file is no such list, it lists all items of the model, or nothing that reads a
        list serves.
    """
    settings = recorded_settings(run, record)
    paths = run_paths(settings)
    listed = read_unavailable(file)
    _, exact = newest_with_list(paths.serving_dir, paths.exact_dir)
    items = {item.decode() for item in read_item_ids(exact).tolist()}
    _check_list(file, listed, items)
    keep = settings.push.keep_versions
    new = mark_unavailable(paths.serving_dir, paths.exact_dir, listed, keep)
    unknown = [item for item in listed if item not in items]
    told = f"Version {new.version} is served, {len(listed) - len(unknown)} items unavailable"
    if unknown:
        told += (
            f"; {len(unknown)} more of the list are no items of the model, the first "
            f"{unknown[0]!r}: they wait for one that has them"
        )
    return f"{told}\n"


def _check_list(file: str, listed: list[str], items: set[str]) -> None:
    for line in listed:
        item = _SEPARATOR.split(line)[0].strip("\"' ")
        if line not in items and item in items:
            raise InputError(
                f"{file}: the line {line!r} is no item of the model, but {item!r} is: expected one "
                "item id a line, without quotes, and nothing else on it"
            )
    if items.issubset(listed):
        raise InputError(
            f"{file}: lists all {len(items)} items of the model, so that nothing could be "
            "recommended; leave out those that may be"
        )


def go_back(run: str, record: dict[str, Any], to: int | None) -> str:
    """Serves an older version of the model of a run, `to` or the one before.

    Raises:
      InputError: There is no such version.
    """
    paths = run_paths(recorded_settings(run, record))
    done = rollback(paths.serving_dir, paths.exact_dir, to)
    withdrawn = ", ".join(done.withdrawn) or "none"
    unavailable = (
        "which knows no list of unavailable items"
        if done.num_unavailable is None
        else f"{done.num_unavailable} items unavailable"
    )
    return f"Version {done.version} is served, {unavailable}; withdrawn: {withdrawn}\n"
