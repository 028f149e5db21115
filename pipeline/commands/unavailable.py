"""`twotower unavailable`: replaces the list of items that the served model must not recommend."""

import re
from typing import Any

from components.indexer.search.item_table import read_item_ids
from components.pusher.mark_unavailable import mark_unavailable, served_version_dirs
from components.pusher.models_config import read_labels
from components.pusher.unavailable_lists import id_normaliser
from components.unavailable_items import read_unavailable
from pipeline.console import Console
from pipeline.paths import run_paths
from pipeline.runners.read_record import recorded_settings
from schemas.errors import InputError

_SEPARATOR = re.compile("[,;\\t]")


def unavailable_command(run_dir: str, record: dict[str, Any], path: str, console: Console) -> None:
    """Replaces the list and prints the version that is served.

    Args:
      run_dir: The run directory.
      record: Its run.json.
      path: File of item ids, one per line.
      console: Receives one line.

    Raises:
      InputError: The list is invalid, or no served version supports such a list.
    """
    console.result.write(replace_unavailable(run_dir, record, path))


def replace_unavailable(run_dir: str, record: dict[str, Any], path: str) -> str:
    """Replaces the list of unavailable items and returns the line to print.

    Args:
      run_dir: The run directory.
      record: Its run.json.
      path: File of item ids, one per line.

    Raises:
      InputError: The file is not a list of item ids, it lists all items of the model, or no served
        version supports such a list.
    """
    settings = recorded_settings(run_dir, record)
    paths = run_paths(settings)
    written = read_unavailable(path)
    served_dir, portable_dir = served_version_dirs(paths.serving_dir, paths.portable_dir)
    listed = sorted(id_normaliser(served_dir).all(written))
    item_ids = {item.decode() for item in read_item_ids(portable_dir).tolist()}
    _check_list(path, listed, item_ids)
    served = mark_unavailable(
        paths.serving_dir, paths.portable_dir, written, settings.push.keep_versions
    )
    unknown = [item for item in listed if item not in item_ids]
    line = f"Version {served.version} is served, {len(listed) - len(unknown)} items unavailable"
    if unknown:
        line += (
            f"; {len(unknown)} listed ids are not items of this model (the first is {unknown[0]!r})"
            " and will apply to later versions that contain them"
        )
    for name, version in sorted(read_labels(paths.serving_dir).items()):
        if str(version) != served.version:
            line += f"; version {version}, labelled {name}, keeps its own list"
    return f"{line}\n"


def _check_list(path: str, listed: list[str], item_ids: set[str]) -> None:
    for line in listed:
        item = _SEPARATOR.split(line)[0].strip("\"' ")
        if line not in item_ids and item in item_ids:
            raise InputError(
                f"{path}: the line {line!r} is not an item of the model, but {item!r} is; write "
                "one item id per line, without quotes or other columns"
            )
    if item_ids.issubset(listed):
        raise InputError(
            f"{path}: lists all {len(item_ids)} items of the model, so that nothing could be "
            "recommended; remove the items that may be recommended"
        )
