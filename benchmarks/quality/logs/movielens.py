"""Adapters for the three file layouts of MovieLens, which the pipeline reads without conversion.

https://grouplens.org/datasets/movielens/
"""

from collections.abc import Callable
from pathlib import Path

import yaml

from benchmarks.quality.logs.adapter import Adapter, Config, PreparedLog, encoding_of, require

_ROOT = Path(__file__).parents[3]
# The genre columns of u.item, which follow five text columns, in the order of u.genre.
_GENRES = (
    *("unknown", "action", "adventure", "animation", "children", "comedy", "crime"),
    *("documentary", "drama", "fantasy", "film_noir", "horror", "musical", "mystery"),
    *("romance", "sci_fi", "thriller", "war", "western"),
)


def _prepare_csv(log: Path, folder: Path, attributes: Path | None) -> PreparedLog:
    require(log, "ratings.csv", "movies.csv")
    config = _shipped("movielens-latest-small")
    config["interactions"]["path"] = _path(log, "ratings.csv")
    config["items"]["path"] = _path(log, "movies.csv")
    return PreparedLog(config, "MovieLens: ratings.csv, movies.csv")


def _prepare_dat(log: Path, folder: Path, attributes: Path | None) -> PreparedLog:
    require(log, "ratings.dat", "movies.dat")
    config = _shipped("movielens-1m")
    config["interactions"]["path"] = _path(log, "ratings.dat")
    config["items"]["path"] = _path(log, "movies.dat")
    config["items"]["csv"]["encoding"] = encoding_of(log / "movies.dat")
    if not (log / "users.dat").is_file():
        del config["users"]
        return PreparedLog(config, "MovieLens: ratings.dat, movies.dat; no users.dat")
    config["users"]["path"] = _path(log, "users.dat")
    return PreparedLog(config, "MovieLens: ratings.dat, movies.dat, users.dat")


def _prepare_100k(log: Path, folder: Path, attributes: Path | None) -> PreparedLog:
    require(log, "u.data", "u.item")
    genres = [f"genre_{genre}" for genre in _GENRES]
    config: Config = {
        "interactions": {
            "path": _path(log, "u.data"),
            "format": "csv",
            "csv": {"delimiter": "\t", "header": ["user", "item", "rating", "time"]},
            "fields": {
                "user_id": "user",
                "item_id": "item",
                "timestamp": "time",
                "value": "rating",
            },
            "timestamp_unit": "s",
        },
        "items": {
            "path": _path(log, "u.item"),
            "format": "csv",
            "csv": {
                "delimiter": "|",
                "header": ["item", "title", "released", "video_released", "url", *genres],
                "encoding": encoding_of(log / "u.item"),
            },
            "fields": {"item_id": "item"},
            "features": {"title": "text", **dict.fromkeys(genres, "number")},
        },
    }
    common = _shipped("movielens-latest-small")
    config |= {key: common[key] for key in ("split", "history")}
    if not (log / "u.user").is_file():
        return PreparedLog(config, "MovieLens: u.data, u.item; no u.user")
    config["users"] = {
        "path": _path(log, "u.user"),
        "format": "csv",
        "csv": {"delimiter": "|", "header": ["user", "age", "gender", "occupation", "zip"]},
        "fields": {"user_id": "user"},
        "features": {"age": "number", "gender": "category", "occupation": "category"},
    }
    return PreparedLog(config, "MovieLens: u.data, u.item, u.user")


def _shipped(name: str) -> Config:
    """Returns a configuration of `pipeline/configs` without `name` and `output`."""
    path = _ROOT / "pipeline" / "configs" / f"{name}.yaml"
    config: Config = yaml.safe_load(path.read_text(encoding="utf-8"))
    del config["name"], config["output"]
    config["schema"] = str(_ROOT / config["schema"])
    return config


def _path(log: Path, name: str) -> str:
    return str((log / name).resolve())


def _has(*names: str) -> Callable[[Path], bool]:
    return lambda log: all((log / name).is_file() for name in names)


ADAPTERS = (
    Adapter(
        name="movielens-csv",
        description="a folder with ratings.csv and movies.csv (MovieLens latest-small, 20M to 32M)",
        matches=_has("ratings.csv", "movies.csv"),
        prepare=_prepare_csv,
    ),
    Adapter(
        name="movielens-dat",
        description="a folder with ratings.dat, movies.dat and maybe users.dat (MovieLens 1M, 10M)",
        matches=_has("ratings.dat", "movies.dat"),
        prepare=_prepare_dat,
    ),
    Adapter(
        name="movielens-100k",
        description="a folder with u.data, u.item and maybe u.user (MovieLens 100K)",
        matches=_has("u.data", "u.item"),
        prepare=_prepare_100k,
    ),
)
