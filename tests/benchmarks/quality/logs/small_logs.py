"""Writers of one small log in every public format, and the settings that measure a log."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.quality.logs import recognise
from benchmarks.quality.work_folder import empty_folder, log_name, prepare_log, write_config
from pipeline.config import load_settings
from schemas.settings import Settings

NUM_USERS, NUM_ITEMS, NUM_EVENTS_PER_USER = 6, 10, 8
NUM_EVENTS = NUM_USERS * NUM_EVENTS_PER_USER
START_S = 1_000_000_000


def item_of(user: int, place: int) -> int:
    """Returns the item at a place of a user's sequence; no item occurs twice in a sequence."""
    return (user * 3 + place) % NUM_ITEMS + 1


def events() -> list[tuple[int, int, int]]:
    """Returns (user, item, second), ordered by time, with the events of users interleaved."""
    return [
        (user + 1, item_of(user, place), START_S + place * 100 + user)
        for place in range(NUM_EVENTS_PER_USER)
        for user in range(NUM_USERS)
    ]


def sequences() -> list[list[int]]:
    """Returns each user's items in order."""
    return [
        [item_of(user, place) for place in range(NUM_EVENTS_PER_USER)] for user in range(NUM_USERS)
    ]


def write_lines(path: Path, lines: list[str], encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding=encoding)


def write_csv_release(log: Path) -> Path:
    rows = [f"{user},{item},{2.5 + item % 3 / 2},{time}" for user, item, time in events()]
    write_lines(log / "ratings.csv", ["userId,movieId,rating,timestamp", *rows])
    films = [f'{item},"Film, {item} (1995)",Drama|Comedy' for item in range(1, NUM_ITEMS + 1)]
    write_lines(log / "movies.csv", ["movieId,title,genres", *films])
    return log


def write_dat_release(log: Path, encoding: str = "latin-1", users: bool = True) -> Path:
    write_lines(log / "ratings.dat", [f"{u}::{item}::4::{time}" for u, item, time in events()])
    films = [f"{item}::Les Misérables {item} (1995)::Drama" for item in range(1, NUM_ITEMS + 1)]
    write_lines(log / "movies.dat", films, encoding)
    if users:
        rows = [f"{user}::F::25::10::48067" for user in range(1, NUM_USERS + 1)]
        write_lines(log / "users.dat", rows)
    return log


def write_100k_release(log: Path) -> Path:
    write_lines(log / "u.data", [f"{u}\t{item}\t3\t{time}" for u, item, time in events()])
    films = [
        "|".join([str(item), f"Misérables {item}", "01-Jan-1995", "", "http://x", *"01" * 9, "0"])
        for item in range(1, NUM_ITEMS + 1)
    ]
    write_lines(log / "u.item", films, "latin-1")
    rows = [f"{user}|24|M|technician|85711" for user in range(1, NUM_USERS + 1)]
    write_lines(log / "u.user", rows)
    return log


def write_user_items(log: Path) -> Path:
    lines = [" ".join(map(str, [user + 1, *sequence])) for user, sequence in enumerate(sequences())]
    write_lines(log, lines)
    return log


def write_items(log: Path) -> Path:
    # Two lines begin with the same number, so that it cannot be a user id.
    with_repeat = [*sequences(), sequences()[0]]
    write_lines(log, [" ".join(map(str, sequence)) for sequence in with_repeat])
    return log


def write_pairs(log: Path) -> Path:
    write_lines(log, [f"{user} {item}" for user, item, _ in events()])
    return log


def write_yoochoose(log: Path) -> Path:
    noon = datetime(2014, 4, 7, 12)
    times = [noon + timedelta(seconds=time - START_S) for _, _, time in events()]
    rows = [
        f"{user},{time.isoformat()}.277Z,{item},0"
        for (user, item, _), time in zip(events(), times, strict=True)
    ]
    write_lines(log, rows)
    return log


def write_diginetica(log: Path) -> Path:
    rows = [
        f"{user};NA;{item};{(time - START_S) * 1000};2016-05-09" for user, item, time in events()
    ]
    # Like the original file, this one is not sorted by time.
    write_lines(log, ["sessionId;userId;itemId;timeframe;eventdate", *reversed(rows)])
    return log


def write_sessions(log: Path) -> Path:
    rows = [f"{time * 1000};{item};{user}" for user, item, time in events()]
    write_lines(log, ["ts;item_id;Session_ID", *rows])
    return log


def write_configuration(log: Path) -> Path:
    release = write_csv_release(log.parent / "release")
    columns = {"user_id": "userId", "item_id": "movieId", "timestamp": "timestamp"}
    values = {
        "name": "mine",
        "output": "runs/mine",
        "interactions": {
            "path": str(release / "ratings.csv"),
            "format": "csv",
            "fields": columns,
        },
        "push": {"serving_dir": "serving"},
        "evaluation": {"gates": {"better_than": ["markov"], "min_value": 0.5}},
    }
    log.write_text(json.dumps(values), encoding="utf-8")
    return log


WRITERS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "movielens-csv": ("ml", write_csv_release),
    "movielens-dat": ("ml", write_dat_release),
    "movielens-100k": ("ml", write_100k_release),
    "config": ("mine.yaml", write_configuration),
    "yoochoose": ("yoochoose-clicks.dat", write_yoochoose),
    "diginetica": ("train-item-views.csv", write_diginetica),
    "sessions": ("log.csv", write_sessions),
    "pairs": ("ml-1m.txt", write_pairs),
    "user-items": ("Beauty.txt", write_user_items),
    "items": ("input.txt", write_items),
}


def configured(
    log: Path, folder: Path, attributes: Path | None = None, split: str | None = None
) -> Settings:
    """Returns the settings that the benchmark measures the log with."""
    empty_folder(folder, log)
    prepared = prepare_log(recognise(log), log, folder, attributes, split)
    return load_settings(str(write_config(folder, log_name(log), log, prepared)))
