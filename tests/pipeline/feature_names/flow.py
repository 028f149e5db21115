"""Takes features with given names from files through every step, to answers of the served model."""

import csv
import itertools
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.examples.read import (
    RawCatalogue,
    RawWindows,
    read_raw_catalogue,
    read_raw_windows,
    read_users,
    split_files,
)
from components.indexer.model.sample_requests import unrestricted_inputs
from components.indexer.model.serving_model import ServingOptions
from components.indexer.probe.parity_cases import build_parity_cases
from components.indexer.probe.replay import replay_cases
from components.indexer.probe.served_model import ServedModel
from components.parity.sample_file import read_sample
from components.query_requests import build_query_requests
from components.trainer.export.saved_model import export_towers
from components.trainer.fit.train import train
from pipeline.commands.ingest import ingestion_dir, run_ingestion
from schemas import serving
from schemas.features import WINDOW_SPLITS, Feature, FeatureTable, feature_table
from schemas.model_settings import TrainSettings
from schemas.serving_settings import IndexSettings
from schemas.settings import Settings, from_dict
from tests.components.trainer.conftest import SIZES
from tests.components.trainer.datasets import Row, make_dataset
from tests.serving.exported_bundle import export_index

ROLES = (
    ("users", "category"),
    ("users", "number"),
    ("context", "number"),
    ("context", "category"),
    ("items", "category"),
    ("items", "categories"),
    ("items", "number"),
    ("items", "text"),
    ("items", "timestamp"),
)
_USERS, _ITEMS, _EVENTS = 8, 7, 10
_K = 5
_DAY_S = 86_400


@dataclass(frozen=True)
class Case:
    """A configuration with its files, and the names that it refuses."""

    settings: Settings
    refused: tuple[str, ...]

    @property
    def table(self) -> FeatureTable:
        return feature_table(self.settings.data)


def make_case(names: Iterable[str], folder: Path) -> Case:
    """Gives each name that is allowed there the next role, and writes the files."""
    declared: dict[str, dict[str, Any]] = {"users": {}, "context": {}, "items": {}}
    refused = []
    roles = itertools.cycle(ROLES)
    for number, name in enumerate(names):
        place, kind = next(roles)
        feature = {"kind": kind, "column": f"column {number}"}
        tried = {**declared, place: {**declared[place], name: feature}}
        try:
            feature_table(_settings(tried, folder).data)
        except ValueError:
            refused.append(name)
            continue
        declared = tried
    settings = _settings(declared, folder)
    _write_files(feature_table(settings.data), folder)
    return Case(settings, tuple(refused))


def _settings(declared: dict[str, dict[str, Any]], folder: Path) -> Settings:
    def source(file: str) -> dict[str, Any]:
        return {"path": str(folder / file), "format": "csv"}

    return from_dict(
        Settings,
        {
            "name": "names",
            "output": str(folder / "run"),
            "interactions": {
                **source("log.csv"),
                "fields": {"user_id": "u", "item_id": "i", "timestamp": "t"},
                "context": declared["context"],
            },
            "users": {
                **source("users.csv"),
                "fields": {"user_id": "u"},
                "features": declared["users"],
            },
            "items": {
                **source("items.csv"),
                "fields": {"item_id": "i"},
                "features": declared["items"],
            },
            "history": {"max_length": 6},
            "repeat_interactions": "allow",
        },
    )


def value_of(feature: Feature, row: str) -> bytes | float | int | list[bytes]:
    """Returns the value of a feature in a row, which differs between features and between rows."""
    number = zlib.crc32(f"{feature.column} {row}".encode())
    if feature.kind.value == "number":
        return float(number % 1000) / 4
    if feature.is_timestamp:
        return number % 10_000 * _DAY_S
    words = [f"{feature.column.split()[1]}w{number % 5}", f"w{number % 3}"]
    if feature.kind.value == "categories":
        return [word.encode() for word in words]
    return " ".join(words).encode()


def _cell(feature: Feature, row: str) -> str:
    value = value_of(feature, row)
    if isinstance(value, list):
        return "|".join(part.decode() for part in value)
    return value.decode() if isinstance(value, bytes) else str(value)


def _write_files(table: FeatureTable, folder: Path) -> None:
    events = [(user, event) for user in range(_USERS) for event in range(_EVENTS)]
    log = [
        {
            "u": f"u{user}",
            "i": f"i{(user * 3 + event * event) % _ITEMS}",
            "t": str(1_600_000_000 + event * _DAY_S + user),
            **{feature.column: _cell(feature, f"{user} {event}") for feature in table.context},
        }
        for user, event in events
    ]
    _write(folder / "log.csv", log)
    for file, key, count, features in (
        ("users.csv", "u", _USERS, table.user),
        ("items.csv", "i", _ITEMS, table.item),
    ):
        rows = [
            {key: f"{key}{row}", **{x.column: _cell(x, f"{key}{row}") for x in features}}
            for row in range(count)
        ]
        _write(folder / file, rows)


def _write(path: Path, rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@dataclass(frozen=True)
class Ingested:
    """The examples of a configuration."""

    windows_uri: str
    catalogue_uri: str
    users_uri: str
    windows: dict[str, RawWindows]
    catalogue: RawCatalogue
    users: dict[str, npt.NDArray[Any]]


def ingest_case(case: Case) -> Ingested:
    """Ingests the files of a case, and reads the examples."""
    run_ingestion(case.settings)
    folder = Path(ingestion_dir(case.settings))
    windows, catalogue, users = (str(folder / name) for name in ("windows", "catalogue", "users"))
    return Ingested(
        windows,
        catalogue,
        users,
        {split: read_raw_windows(windows, split, case.table) for split in WINDOW_SPLITS},
        read_raw_catalogue(catalogue, case.table),
        read_users(users, case.table),
    )


def check_raw_values(case: Case, ingested: Ingested) -> None:
    """Checks every value of every feature in the examples against the files."""
    for feature in case.table.item:
        rows = [value_of(feature, item.decode()) for item in ingested.catalogue.item_id]
        found = ingested.catalogue.features[feature.name]
        if feature.kind.value == "categories":
            assert [[x for x in row if x] for row in found] == rows, feature
        else:
            assert found.tolist() == rows, feature
    for feature in case.table.user:
        expected = [value_of(feature, user.decode()) for user in ingested.users["user_id"]]
        assert ingested.users[feature.name].tolist() == expected, feature
    for windows in ingested.windows.values():
        for feature in case.table.user:
            expected = [value_of(feature, user.decode()) for user in windows.user_id]
            assert windows.user[feature.name].tolist() == expected, feature
        users = np.repeat([int(x[1:]) for x in windows.user_id], np.diff(windows.offsets))
        events = (windows.timestamp - 1_600_000_000) // _DAY_S
        for feature in case.table.context:
            expected = [
                value_of(feature, f"{user} {event}")
                for user, event in zip(users, events, strict=True)
            ]
            assert windows.context[feature.name].tolist() == expected, feature


def serve_case(case: Case, ingested: Ingested, folder: Path) -> ServedModel:
    """Transforms the examples, trains for one step, and exports the towers and the bundle."""
    data = case.settings.data
    dataset = make_dataset(
        data,
        _rows(ingested.windows_uri, "train"),
        _rows(ingested.windows_uri, "eval"),
        _rows(ingested.catalogue_uri, "catalogue"),
        folder / "transformed",
    )
    one_step = TrainSettings(max_epochs=1, events_per_step=10_000, learning_rate=1e-2)
    trained = train(dataset.inputs, data, SIZES, one_step)
    towers = folder / "towers"
    export_towers(trained, data, dataset.graphs, ingested.users, str(towers))
    bundle = folder / "bundle"
    export_index(
        str(towers),
        ingested.catalogue_uri,
        ingested.windows_uri,
        str(bundle),
        data,
        IndexSettings(kind="exact", k=_K, max_k=_K),
    )
    return ServedModel(str(bundle / "portable"))


def _rows(uri: str, split: str) -> list[Row]:
    """Returns the examples of a split, as the rows that TFT takes."""
    rows = []
    for record in tf.data.TFRecordDataset(split_files(uri, split), "GZIP").as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        rows.append(
            {
                name: list(getattr(feature, feature.WhichOneof("kind")).value)
                for name, feature in features.items()
            }
        )
    return rows


def check_parity(case: Case, ingested: Ingested, served: ServedModel, towers: Path) -> None:
    """Checks that every signature returns what training computes from the same records."""
    options = ServingOptions(case.table, _K, _K, case.settings.history.max_length, False)
    sample = read_sample(str(towers))
    assert sample is not None
    windows = ingested.windows[sample.split]
    cases = build_parity_cases(sample, windows, ingested.catalogue, options)
    compared = replay_cases(served, cases.cases)
    assert {name: one for name, one in compared.items() if not one.is_equal} == {}
    assert set(compared) == set(serving.SIGNATURES)


def check_requests(case: Case, ingested: Ingested, served: ServedModel) -> None:
    """Checks that each input has an effect, under the user's name."""
    windows, table = ingested.windows["test"], case.table
    position = np.flatnonzero(windows.is_target)[:1]
    request = build_query_requests(windows, table, position, case.settings.history.max_length)
    own = [feature.name for feature in (*table.user, *table.context)]
    past = [serving.HISTORY_PREFIX + feature.name for feature in table.context]
    user = {"user_id": np.array([b"a stranger"], object)}
    _check_effects(served, serving.QUERY_EMBEDDING, {**request, **user}, [*own, *past])
    item = {"item_id": np.array([b"a new item"], object)}
    item |= {name: values[:1] for name, values in ingested.catalogue.features.items()}
    names = [feature.name for feature in table.item]
    _check_effects(served, serving.CANDIDATE_EMBEDDING, item, names)
    for feature in table.item_filters:
        _check_filter(served, feature, ingested.catalogue, case, request)
    for feature in table.item_numbers:
        _check_bounds(served, feature, ingested.catalogue, case, request)


def _check_effects(
    served: ServedModel,
    signature: str,
    request: dict[str, npt.NDArray[Any]],
    names: Sequence[str],
) -> None:
    whole = served(signature, request)["embedding"]
    for name in names:
        values = request[name]
        missing: Any = b"" if values.dtype == object else -1 if values.dtype.kind == "i" else np.nan
        changed = served(signature, {**request, name: np.full_like(values, missing)})["embedding"]
        assert np.abs(changed - whole).max() > 0, (signature, name)


def _check_filter(
    served: ServedModel,
    feature: Feature,
    catalogue: RawCatalogue,
    case: Case,
    request: dict[str, npt.NDArray[Any]],
) -> None:
    values = catalogue.features[feature.name].reshape(len(catalogue), -1)
    wanted = values[0, 0]
    eligible = set(catalogue.item_id[(values == wanted).any(axis=1)])
    own = {serving.FILTER_PREFIX + feature.name: np.array([[wanted]], object)}
    returned = _recommended(served, case, {**request, **own})
    assert returned <= eligible, feature
    assert len(returned) == min(_K, len(eligible)), feature


def _check_bounds(
    served: ServedModel,
    feature: Feature,
    catalogue: RawCatalogue,
    case: Case,
    request: dict[str, npt.NDArray[Any]],
) -> None:
    values = catalogue.features[feature.name]
    bound = values[:1]
    for suffix, passes in (
        (serving.MIN_SUFFIX, values >= bound),
        (serving.MAX_SUFFIX, values <= bound),
    ):
        own = {serving.FILTER_PREFIX + feature.name + suffix: bound}
        returned = _recommended(served, case, {**request, **own})
        eligible = set(catalogue.item_id[passes])
        assert returned <= eligible, (feature, suffix)
        assert len(returned) == min(_K, len(eligible)), (feature, suffix)


def _recommended(
    served: ServedModel, case: Case, inputs: dict[str, npt.NDArray[Any]]
) -> set[bytes]:
    """Returns the items that `recommend` returns for one request."""
    complete = {**unrestricted_inputs(case.table, 1, _K), **inputs}
    return {item for item in served(serving.RECOMMEND, complete)["item_id"][0] if item}
