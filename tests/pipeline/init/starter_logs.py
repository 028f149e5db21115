"""Small logs in the forms of well-known ones, with the configuration that is expected of each."""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

NUM_USERS, NUM_ITEMS, EVENTS_PER_USER = 24, 30, 6
START_S = 1_396_310_400  # 2014-04-01
GENRES = ("Drama", "Comedy", "War", "Romance", "Children's")
NUM_EVENTS = NUM_USERS * EVENTS_PER_USER


@dataclass(frozen=True)
class StarterLog:
    """A log and what `twotower init` is expected to propose.

    Attributes:
      name: The name of the case.
      files: The content of each file.
      log: The path of the log.
      expected: Values of the configuration, by the path of their keys.
      items: The path of the catalogue.
      users: The path of the users file.
      checks: Keys that the user is told to check.
      kept: The number of events that the ingestion keeps.
    """

    name: str
    files: dict[str, bytes]
    log: str
    expected: dict[str, Any]
    items: str | None = None
    users: str | None = None
    checks: Sequence[str] = ()
    kept: int = NUM_EVENTS

    def write(self, folder: Path) -> None:
        """Writes the files."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def events() -> Iterator[tuple[int, int, int, int]]:
    """Yields (user, item, rating, time in seconds); no user has an item twice."""
    for number in range(EVENTS_PER_USER):
        for user in range(1, NUM_USERS + 1):
            item = (user * 7 + number * 5) % NUM_ITEMS + 101
            time_s = START_S + (number * NUM_USERS + user) * 3_607
            yield user, item, 1 + (user + number) % 5, time_s


def lines(rows: Iterable[Iterable[Any]], delimiter: str = ",") -> bytes:
    """Returns rows as delimited text."""
    return "".join(delimiter.join(map(str, row)) + "\n" for row in rows).encode()


def json_lines(records: Iterable[Any]) -> bytes:
    """Returns records as JSON Lines."""
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def _titles() -> Iterator[tuple[int, str, str]]:
    words = ("Copper", "Silent", "Electric", "Ivory", "Hidden", "Last")
    for at in range(NUM_ITEMS):
        title = f"The {words[at % 6]} {words[(at * 5 + 1) % 6]}, Part {at} (19{60 + at})"
        yield at + 101, title, "|".join((GENRES[at % 5], GENRES[(at + 2) % 5]))


def _movielens_csv() -> StarterLog:
    header = ("userId", "movieId", "rating", "timestamp")
    titles = [(item, f'"{title}"', genres) for item, title, genres in _titles()]
    return StarterLog(
        name="movielens_csv",
        files={
            "ml-small/ratings.csv": lines([header, *events()]),
            "ml-small/movies.csv": lines([("movieId", "title", "genres"), *titles]),
        },
        log="ml-small/ratings.csv",
        items="ml-small/movies.csv",
        expected={
            "name": "ml-small",
            "interactions/format": "csv",
            "interactions/fields/user_id": "userId",
            "interactions/fields/item_id": "movieId",
            "interactions/fields/timestamp": "timestamp",
            "interactions/fields/value": "rating",
            "items/fields/item_id": "movieId",
            "items/features/title/kind": "text",
            "items/features/genres/kind": "categories",
            "items/features/genres/separator": "|",
            "split/policy": "temporal",
            "repeat_interactions": "exclude",
        },
    )


def _movielens_dat() -> StarterLog:
    titles = "".join(f"{item}::{title} é::{genres}\n" for item, title, genres in _titles())
    users = [
        (user, "FM"[user % 2], (18, 25, 35)[user % 3], f"0{user + 48000}") for user in range(1, 25)
    ]
    return StarterLog(
        name="movielens_dat",
        files={
            "ml-1m/ratings.dat": lines(events(), "::"),
            "ml-1m/movies.dat": titles.encode("latin-1"),
            "ml-1m/users.dat": lines(users, "::"),
        },
        log="ml-1m/ratings.dat",
        items="ml-1m/movies.dat",
        users="ml-1m/users.dat",
        expected={
            "interactions/csv/delimiter": "::",
            "interactions/csv/header": ["user", "item", "value", "time"],
            "interactions/fields/user_id": "user",
            "interactions/fields/item_id": "item",
            "interactions/fields/timestamp": "time",
            "items/csv/encoding": "latin-1",
            "items/csv/header": ["item", "title", "column_3"],
            "items/features/title/kind": "text",
            "items/features/column_3/kind": "categories",
            "items/unknown": "strict",
            "users/fields/user_id": "user",
            "users/features/column_2/kind": "category",
            "users/features/column_3/kind": "category",
        },
        checks=(
            "interactions.csv.header",
            "interactions.fields.value",
            "items.csv.encoding",
            "items.csv.header",
            "users.csv.header",
        ),
    )


def _movielens_tab() -> StarterLog:
    def item(number: int, title: str) -> tuple[Any, ...]:
        released = datetime.fromtimestamp(700_000_000 + number * 10**6, timezone.utc)
        flags = [int(number % 5 == at) for at in range(5)]
        link = f"http://us.imdb.com/M/title?{number}"
        return (number, title, f"{released:%d-%b-%Y}", "", link, *flags)

    return StarterLog(
        name="movielens_tab",
        files={
            "ml-100k/u.data": lines(events(), "\t"),
            "ml-100k/u.item": lines((item(n, title) for n, title, _ in _titles()), "|"),
        },
        log="ml-100k/u.data",
        items="ml-100k/u.item",
        expected={
            "name": "ml-100k",
            "interactions/csv/delimiter": "\t",
            "items/csv/delimiter": "|",
            "items/features/column_3/kind": "timestamp",
            "items/features/column_3/timestamp_format": "%d-%b-%Y",
            "items/features/column_6/kind": "category",
        },
        checks=(
            "interactions.csv.header",
            "interactions.fields.user_id",
            "interactions.fields.value",
            "items.csv.header",
        ),
    )


def _retailrocket() -> StarterLog:
    types = ("view", "view", "addtocart", "view", "transaction")
    rows = [
        (
            time_s * 1000,
            user,
            types[rating - 1],
            item,
            item if types[rating - 1] == "transaction" else "",
        )
        for user, item, rating, time_s in events()
    ]
    return StarterLog(
        name="retailrocket",
        files={
            "events.csv": lines(
                [("timestamp", "visitorid", "event", "itemid", "transactionid"), *rows]
            )
        },
        log="events.csv",
        expected={
            "interactions/fields/user_id": "visitorid",
            "interactions/fields/item_id": "itemid",
            "interactions/fields/timestamp": "timestamp",
            "interactions/fields/event_type": "event",
            "interactions/timestamp_unit": "ms",
        },
    )


def _amazon() -> StarterLog:
    reviews = [
        {
            "rating": float(rating),
            "title": f"Number {rating}",
            "text": f"A long review of the product {item} by somebody",
            "images": [{"small_image_url": "https://x/1.jpg"}] if user % 3 == 0 else [],
            "asin": f"B00{item}",
            "parent_asin": f"B00{item}",
            "user_id": f"AE{user:04d}",
            "timestamp": time_s * 1000,
            "helpful_vote": user % 4,
            "verified_purchase": user % 2 == 0,
        }
        for user, item, rating, time_s in events()
    ]
    products = [
        {
            "main_category": GENRES[at % 5],
            "title": title,
            "average_rating": 1 + at / 10,
            "features": ["It is long enough to be a sentence of a feature", f"Part {at} of it"],
            "price": None if at % 7 == 0 else 3.5 + at,
            "images": [{"thumb": "https://x/1.jpg"}],
            "categories": [GENRES[at % 5], GENRES[at % 3]],
            "details": {"Brand": f"brand {at % 4}"},
            "parent_asin": f"B00{item}",
        }
        for at, (item, title, _) in enumerate(_titles())
    ]
    return StarterLog(
        name="amazon",
        files={
            "Books.jsonl": json_lines(reviews),
            "meta.jsonl.gz": gzip.compress(json_lines(products)),
        },
        log="Books.jsonl",
        items="meta.jsonl.gz",
        expected={
            "name": "books",
            "interactions/format": "jsonl",
            "interactions/fields/user_id": "user_id",
            "interactions/fields/item_id": "parent_asin",
            "interactions/fields/timestamp": "timestamp",
            "interactions/fields/value": "rating",
            "interactions/timestamp_unit": "ms",
            "items/fields/item_id": "parent_asin",
            "items/features/title/kind": "text",
            "items/features/price/kind": "number",
            "items/features/categories/kind": "categories",
            "items/features/details.Brand/kind": "category",
            "items/features/features": None,
        },
    )


def _sessions() -> StarterLog:
    sessions: dict[int, list[Any]] = {}
    for user, item, rating, time_s in events():
        kind = ("clicks", "clicks", "carts", "clicks", "orders")[rating - 1]
        sessions.setdefault(user, []).append({"aid": item, "ts": time_s * 1000, "type": kind})
    return StarterLog(
        name="sessions",
        files={"otto.jsonl": json_lines({"session": s, "events": e} for s, e in sessions.items())},
        log="otto.jsonl",
        expected={
            "interactions/explode": "events",
            "interactions/fields/user_id": "session",
            "interactions/fields/item_id": "events.aid",
            "interactions/fields/timestamp": "events.ts",
            "interactions/fields/event_type": "events.type",
            "interactions/timestamp_unit": "ms",
        },
    )


def _parallel_lists() -> StarterLog:
    lists: dict[int, tuple[list[Any], list[Any]]] = {}
    for user, item, _, time_s in events():
        items, times = lists.setdefault(user, ([], []))
        items.append(f"sku{item}")
        times.append(datetime.fromtimestamp(time_s, timezone.utc).isoformat())
    records = [{"customer": {"id": u}, "items": i, "times": t} for u, (i, t) in lists.items()]
    return StarterLog(
        name="parallel_lists",
        files={"baskets.jsonl": json_lines(records)},
        log="baskets.jsonl",
        expected={
            "interactions/explode": ["items", "times"],
            "interactions/fields/user_id": "customer.id",
            "interactions/fields/item_id": "items",
            "interactions/timestamp_unit": "iso8601",
        },
    )


def _demo() -> StarterLog:
    types, devices = ("view", "view", "like", "view", "purchase"), ("mobile", "desktop", "tablet")
    records = [
        {
            "event_id": f"e{at:05d}",
            "user": f"u{user:05d}",
            "item": f"i{item:05d}",
            "ts": time_s * 1000,
            "type": types[rating - 1],
            "device": devices[(user + rating) % 3],
        }
        for at, (user, item, rating, time_s) in enumerate(events())
    ]
    # A truncated line and an event without an item are rejected.
    broken = b'{"event_id": "e99\n' + json_lines([{"event_id": "e98", "user": "u00001"}])
    items = [
        (f"i{item:05d}", f'"{title}"', genres, f"{item / 7:.2f}", (START_S - 86_400) * 1000)
        for item, title, genres in _titles()
    ]
    users = [(f"u{user:05d}", ("18-24", "25-34")[user % 2]) for user in range(1, 25)]
    return StarterLog(
        name="demo",
        files={
            "demo/events.jsonl.gz": gzip.compress(json_lines(records) + broken),
            "demo/items.csv": lines([("item", "title", "categories", "price", "added_at"), *items]),
            "demo/users.csv": lines([("user", "age_band"), *users]),
        },
        log="demo/events.jsonl.gz",
        items="demo/items.csv",
        users="demo/users.csv",
        expected={
            "interactions/fields/user_id": "user",
            "interactions/fields/item_id": "item",
            "interactions/fields/timestamp": "ts",
            "interactions/fields/event_type": "type",
            "interactions/fields/event_id": "event_id",
            "interactions/timestamp_unit": "ms",
            "interactions/context/device/kind": "category",
            "items/fields/available_at": "added_at",
            "items/timestamp_unit": "ms",
            "items/features/price/kind": "number",
            "users/features/age_band/kind": "category",
        },
        checks=("interactions",),
    )


def _german_export() -> StarterLog:
    def row(user: int, item: int, rating: int, time_s: int) -> tuple[str, ...]:
        moment = datetime.fromtimestamp(time_s, timezone.utc)
        return f"{user}.0", f"SKU-{item}", f"{moment:%d.%m.%Y}", f"{moment:%H:%M}", f"{rating},5"

    header = ("Customer ID", "Article", "Date", "Time", "Amount")
    catalogue = [
        (f"sku-{item}", title, "yes" if item % 2 else "no") for item, title, _ in _titles()
    ]
    return StarterLog(
        name="german_export",
        files={
            "export.csv": lines([header, *(row(*event) for event in events())], ";"),
            "articles.csv": lines([("article", "name", "on sale"), *catalogue], ";"),
        },
        log="export.csv",
        items="articles.csv",
        expected={
            "interactions/csv/delimiter": ";",
            "interactions/csv/decimal": ",",
            "interactions/fields/user_id": "Customer ID",
            "interactions/fields/item_id": "Article",
            "interactions/fields/timestamp": ["Date", "Time"],
            "interactions/fields/value": "Amount",
            "interactions/timestamp_format": "%d.%m.%Y %H:%M",
            "items/unknown": "strict",
            "ids/normalise": ["case"],
        },
        checks=("ids.normalise", "interactions.timestamp_format"),
    )


STARTER_LOGS = [
    _movielens_csv(),
    _movielens_dat(),
    _movielens_tab(),
    _retailrocket(),
    _amazon(),
    _sessions(),
    _parallel_lists(),
    _demo(),
    _german_export(),
]
