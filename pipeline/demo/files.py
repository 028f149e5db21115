"""Writes the files of the demo log (events, items, users) and their manifest."""

import csv
import gzip
import hashlib
import io
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.demo.defects import bot_ids, log_lines
from pipeline.demo.settings import GENERATOR_VERSION, DemoSettings
from pipeline.demo.simulate import simulate
from pipeline.demo.words import AGE_BANDS, LOCATIONS
from pipeline.demo.world import DemoWorld, build_world

EVENTS, ITEMS, USERS, MANIFEST = "events.jsonl.gz", "items.csv", "users.csv", "manifest.json"
DATA_FILES = (EVENTS, ITEMS, USERS)


def write_world(directory: Path, settings: DemoSettings) -> dict[str, Any]:
    """Generates the demo world and writes its files, replacing those of an earlier generator.

    Args:
      directory: Output folder; created if it does not exist.
      settings: Seed and sizes; the same settings give identical files.

    Returns:
      The manifest: `generator_version`, `settings`, `counts` (of each kind of line, of users and
      items), `bots` (their user ids) and `sha256` of each data file.

    Raises:
      FileExistsError: The folder contains files of these names but no manifest.
    """
    _check_overwrites_own_files(directory)
    world = build_world(settings)
    lines, log_counts = log_lines(world, simulate(world))
    contents = {
        EVENTS: _gzipped("".join(f"{line}\n" for line in lines)),
        ITEMS: _items_csv(world).encode(),
        USERS: _users_csv(world).encode(),
    }
    manifest = {
        "generator_version": GENERATOR_VERSION,
        "settings": settings.to_dict(),
        "counts": {
            **log_counts.to_dict(),
            "users": settings.num_users,
            "items": settings.num_items,
        },
        "bots": bot_ids(world),
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
    }
    directory.mkdir(parents=True, exist_ok=True)
    # Old data files are deleted before the manifest is written. After an interruption a data file
    # is missing, which the next call repairs; an old file never has a new manifest or none.
    for name in contents:
        (directory / name).unlink(missing_ok=True)
    _replace(directory / MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())
    for name, data in contents.items():
        _replace(directory / name, data)
    return manifest


def write_if_outdated(directory: Path, settings: DemoSettings) -> str:
    """Writes the demo log, unless it is up to date, and returns what was done.

    Raises:
      FileExistsError: The folder contains files of these names that were not written so.
      OSError: The folder cannot be written.
      ValueError: The manifest is damaged.
    """
    if current_manifest(directory, settings):
        return f"demo log in {directory} is up to date (version {GENERATOR_VERSION})"
    start_s = time.monotonic()
    counts = write_world(directory, settings)["counts"]
    return (
        f"wrote {counts['lines']:,} lines ({counts['clean']:,} clean events), "
        f"{counts['items']:,} items, {counts['users']:,} users to {directory} "
        f"in {time.monotonic() - start_s:.0f} s"
    )


def current_manifest(directory: Path, settings: DemoSettings) -> dict[str, Any] | None:
    """Returns the manifest if the folder contains the files of these settings, else None.

    The contents of the files are not compared, so a file that was edited is kept.
    """
    path = directory / MANIFEST
    if not path.exists() or not all((directory / name).exists() for name in DATA_FILES):
        return None
    manifest = read_manifest(directory)
    is_current = (manifest.get("generator_version"), manifest.get("settings")) == (
        GENERATOR_VERSION,
        settings.to_dict(),
    )
    return manifest if is_current else None


def read_manifest(directory: Path) -> dict[str, Any]:
    """Returns the manifest in a folder.

    Raises:
      ValueError: The file is not a JSON object.
    """
    path = directory / MANIFEST
    try:
        manifest = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON ({error}): delete it and its data files") from error
    if not isinstance(manifest, dict):
        raise ValueError(f"{path} is not a JSON object: delete it and its data files")
    return manifest


def _check_overwrites_own_files(directory: Path) -> None:
    present = [name for name in DATA_FILES if (directory / name).exists()]
    if present and not (directory / MANIFEST).exists():
        raise FileExistsError(
            f"{directory} contains {', '.join(present)} but no {MANIFEST}, so this command did not "
            "write these files: choose another directory, or move them"
        )


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    partial.replace(path)


def _gzipped(text: str) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=buffer, mtime=0) as file:
        file.write(text.encode())
    return buffer.getvalue()


def _items_csv(world: DemoWorld) -> str:
    items = world.items
    rows = (
        (
            items.item_id(i),
            items.title[i],
            "|".join(items.categories(i)),
            f"{items.price[i]:.2f}",
            int(items.added_at_ms[i]),
        )
        for i in range(len(items.title))
    )
    return _csv(("item", "title", "categories", "price", "added_at"), rows)


def _users_csv(world: DemoWorld) -> str:
    users = world.users
    rows = (
        (users.user_id(u), AGE_BANDS[users.age_band[u]], LOCATIONS[users.location[u]])
        for u in range(len(users.age_band))
    )
    return _csv(("user", "age_band", "location"), rows)


def _csv(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
