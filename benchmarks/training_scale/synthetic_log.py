"""A synthetic log and catalogue, written as Transform writes them.

Ingestion and Transform are not measured here, and take long for ten million events. The transform
graphs are computed from a small sample; the vocabularies of ids, which the trainer reads, are
replaced by those of the whole log.
"""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata

from components.examples import encode
from components.examples.encode_batch import (
    Ranges,
    examples,
    features,
    grouped,
    grouped_flags,
    grouped_floats,
    int_elements,
    text_elements,
)
from components.examples.shards import split_folder
from components.examples.tfrecord import frame
from components.trainer.data.read import TrainerInputs
from components.transform.preprocessing import (
    catalogue_preprocessing_fn,
    windows_preprocessing_fn,
)
from schemas import features as f
from schemas import tfmd
from schemas.settings import DataSettings, from_dict, to_json
from schemas.transformed import ITEM_VOCABULARY, NUM_BUCKETS, USER_VOCABULARY, bucket_name

MAX_HISTORY = 50
_EVENTS_PER_USER = 100
# The events that each window of a user adds as targets: the first window has no earlier events, and
# later ones have at least half the history before each target.
_NEW_TARGETS = (MAX_HISTORY + 1, MAX_HISTORY // 2 + 1, _EVENTS_PER_USER - MAX_HISTORY * 3 // 2 - 2)
_EVAL_USERS = 5_000
_NUM_GENRES, _NUM_WORDS, _WORDS_PER_TITLE = 200, 5_000, 5
_TRAIN_DAYS, _EVAL_DAYS, _DAY_S = 90, 10, 86_400
# The popularity of the item of rank r is in proportion to (r + 10)^-0.8.
_EXPONENT, _OFFSET = 0.8, 10.0
_USERS_PER_CHUNK, _ITEMS_PER_CHUNK = 2_000, 50_000
_SETTINGS = {
    "interactions": {
        "path": "synthetic.csv",
        "format": "csv",
        "fields": {"user_id": "user", "item_id": "item", "timestamp": "time"},
    },
    "items": {
        "path": "synthetic_items.csv",
        "format": "csv",
        "fields": {"item_id": "item"},
        "features": {
            "title": {"kind": "text"},
            "genre": {"kind": "category"},
            "price": {"kind": "number"},
        },
    },
    "history": {"max_length": MAX_HISTORY},
}


@dataclass(frozen=True)
class SyntheticLog:
    """The files of a synthetic log.

    Attributes:
      data: Its settings.
      inputs: The transformed examples and the transform graphs.
      raw_catalogue: The folder of the raw catalogue.
    """

    data: DataSettings
    inputs: TrainerInputs
    raw_catalogue: str


def write_log(folder: Path, num_items: int, num_targets: int, seed: int) -> SyntheticLog:
    """Writes a log in which each user has 100 events, all of them targets of split train.

    Args:
      folder: Where the files go.
      num_items: The number of items; the items of few targets may have none.
      num_targets: The number of targets of split train, rounded up to whole users.
      seed: Seed of the log.
    """
    data = from_dict(DataSettings, _SETTINGS)
    rng = np.random.default_rng(seed)
    num_users = -(-num_targets // _EVENTS_PER_USER)
    item_ids = pa.array([f"item{number:08d}" for number in range(num_items)])
    user_ids = [f"user{number:08d}" for number in range(num_users)]
    draw = _ItemDistribution(num_items)
    counts = np.zeros(num_items, np.int64)
    graphs = _write_graphs(data, folder)
    train, evaluation = folder / "train.gz", folder / "eval.gz"

    def train_windows() -> Iterator[bytes]:
        for start in range(0, num_users, _USERS_PER_CHUNK):
            users = np.arange(start, min(start + _USERS_PER_CHUNK, num_users))
            items = draw(rng, (len(users), _EVENTS_PER_USER))
            np.add.at(counts, items.ravel(), 1)
            times = np.sort(rng.integers(0, _TRAIN_DAYS * _DAY_S, items.shape), axis=1)
            yield _windows(item_ids, user_ids, users, items, times)

    def eval_windows() -> Iterator[bytes]:
        users = rng.choice(num_users, min(num_users, _EVAL_USERS), replace=False)
        items = draw(rng, (len(users), MAX_HISTORY + 1))
        times = np.sort(rng.integers(0, _TRAIN_DAYS * _DAY_S, items.shape), axis=1)
        times[:, -1] = _DAY_S * _TRAIN_DAYS + rng.integers(0, _EVAL_DAYS * _DAY_S, len(users))
        yield _windows(item_ids, user_ids, users, items, times, only_last=True)

    _write(train, train_windows())
    _write(evaluation, eval_windows())
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    _write_counts(graphs / "windows", ITEM_VOCABULARY, item_ids, order, counts)
    _write_counts(
        graphs / "windows",
        USER_VOCABULARY,
        pa.array(user_ids),
        np.arange(num_users),
        np.full(num_users, _EVENTS_PER_USER),
    )
    raw_catalogue = folder / "catalogue"
    catalogue = folder / "catalogue.gz"
    raw_file = Path(split_folder(str(raw_catalogue), f.CATALOGUE_SPLIT)) / "data.gz"
    raw_file.parent.mkdir(parents=True)
    genres = rng.integers(0, _NUM_GENRES, num_items)
    words = rng.integers(0, _NUM_WORDS, (num_items, _WORDS_PER_TITLE))
    scores = rng.standard_normal(num_items).astype(np.float32)
    columns = (item_ids, genres, words, scores)
    _write(catalogue, _transformed_items(data, *columns))
    _write(raw_file, _raw_items(data, *columns))
    inputs = TrainerInputs(
        train_files=[str(train)],
        eval_files=[str(evaluation)],
        catalogue_files=[str(catalogue)],
        windows_graph=str(graphs / "windows"),
        catalogue_graph=str(graphs / "catalogue"),
    )
    return SyntheticLog(data, inputs, str(raw_catalogue))


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for chunk in chunks:
            file.write(chunk)


class _ItemDistribution:
    def __init__(self, num_items: int):
        popularity = (np.arange(num_items) + _OFFSET) ** -_EXPONENT
        # A random order, so that the files do not contain the items by popularity.
        self._item = np.random.default_rng(0).permutation(num_items)
        self._cumulative = np.cumsum(popularity / popularity.sum())

    def __call__(self, rng: np.random.Generator, shape: tuple[int, int]) -> npt.NDArray[np.int64]:
        rank = np.searchsorted(self._cumulative, rng.random(shape))
        return self._item[np.minimum(rank, len(self._item) - 1)]


def _windows(
    item_ids: pa.StringArray,
    user_ids: list[str],
    users: npt.NDArray[np.int64],
    items: npt.NDArray[np.int64],
    times: npt.NDArray[np.int64],
    only_last: bool = False,
) -> bytes:
    """Returns the framed examples of the windows of users.

    Args:
      item_ids: The ids of all items.
      user_ids: The ids of all users.
      users: [num_users] indices of the users.
      items: [num_users, num_events] indices of items.
      times: [num_users, num_events] seconds since the epoch, UTC.
      only_last: Whether a user has one window, whose last event is the only target.
    """
    num_events = items.shape[1]
    new = np.array([1] if only_last else _NEW_TARGETS)
    ends = np.array([num_events]) if only_last else np.cumsum(new)
    starts = np.arange(len(users))[:, np.newaxis] * num_events
    end = (starts + ends).ravel()
    window_user = np.repeat(users, len(ends))
    begin = np.maximum(np.repeat(starts, len(ends)), end - MAX_HISTORY - 1)
    ranges = Ranges.of(begin, end)
    is_target = ranges.events >= np.repeat(end - np.tile(new, len(users)), end - begin)
    zeros = np.zeros(len(ranges.events), np.int64)
    texts = text_elements(item_ids.take(pa.array(items.ravel())))
    integers = {
        f.TIMESTAMP: times.ravel()[ranges.events],
        f.EVENT_TYPE: zeros,
        bucket_name(f.VALUE): np.full_like(zeros, NUM_BUCKETS),
    }
    user = text_elements(pa.array([user_ids[number] for number in window_user]))
    parts = [
        *features(f.USER_ID, user, encode.bytes_header),
        *features(f.ITEM_ID, grouped(texts, ranges.events, ranges.offsets), encode.bytes_header),
        *features(f.IS_TARGET, grouped_flags(is_target, ranges.offsets), encode.int_header),
        *features(
            f.VALUE, grouped_floats(zeros.astype(float), ranges.offsets), encode.float_header
        ),
    ]
    rows = np.arange(len(ranges.events))
    for name, values in integers.items():
        elements = grouped(int_elements(values), rows, ranges.offsets)
        parts += features(name, elements, encode.int_header)
    return frame(examples(parts))


def _transformed_items(
    data: DataSettings,
    item_ids: pa.StringArray,
    genres: npt.NDArray[np.int64],
    words: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float32],
) -> Iterator[bytes]:
    """Yields framed examples of the transformed catalogue."""
    key = {feature.name: feature.key for feature in f.feature_table(data).item}
    for start in range(0, len(item_ids), _ITEMS_PER_CHUNK):
        chunk = slice(start, start + _ITEMS_PER_CHUNK)
        ids, title = item_ids[chunk], words[chunk]
        row = np.arange(len(ids) + 1)
        bags = grouped(int_elements(title.ravel()), np.arange(title.size), row * _WORDS_PER_TITLE)
        prices = grouped_floats(scores[chunk], row)
        parts = [
            *_identity(ids),
            *features(key["genre"], int_elements(genres[chunk]), encode.int_header),
            *features(key["title"], bags, encode.int_header),
            *features(key["price"], prices, encode.float_header),
            *features(
                bucket_name(key["price"]),
                int_elements(genres[chunk] % NUM_BUCKETS),
                encode.int_header,
            ),
        ]
        yield frame(examples(parts))


def _raw_items(
    data: DataSettings,
    item_ids: pa.StringArray,
    genres: npt.NDArray[np.int64],
    words: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float32],
) -> Iterator[bytes]:
    """Yields framed examples of the raw catalogue."""
    key = {feature.name: feature.key for feature in f.feature_table(data).item}
    for start in range(0, len(item_ids), _ITEMS_PER_CHUNK):
        chunk = slice(start, start + _ITEMS_PER_CHUNK)
        ids = item_ids[chunk]
        titles = pa.array([" ".join(map(_word, row)) for row in words[chunk].tolist()])
        names = pa.array([f"genre{genre}" for genre in genres[chunk].tolist()])
        prices = grouped_floats(scores[chunk], np.arange(len(ids) + 1))
        parts = [
            *_identity(ids),
            *features(key["genre"], text_elements(names), encode.bytes_header),
            *features(key["title"], text_elements(titles), encode.bytes_header),
            *features(key["price"], prices, encode.float_header),
        ]
        yield frame(examples(parts))


def _identity(ids: pa.StringArray) -> list[pa.BinaryArray]:
    unknown = int_elements(np.full(len(ids), f.MISSING_INTEGER))
    return [
        *features(f.ITEM_ID, text_elements(ids), encode.bytes_header),
        *features(f.AVAILABLE_AT, unknown, encode.int_header),
    ]


def _word(number: int) -> str:
    return f"word{number}"


def _write_graphs(data: DataSettings, folder: Path) -> Path:
    """Writes the transform graphs of a sample that contains every category and every word."""
    graphs = folder / "graphs"
    table, config = f.feature_table(data), {"data": to_json(data)}
    windows: list[dict[str, list[Any]]] = [
        {
            f.USER_ID: [b"user"],
            f.ITEM_ID: [b"item"],
            f.TIMESTAMP: [0],
            f.EVENT_TYPE: [b""],
            f.VALUE: [f.MISSING_NUMBER],
            f.IS_TARGET: [1],
        }
    ]
    key = {feature.name: feature.key for feature in table.item}
    words_per_item = _NUM_WORDS // _NUM_GENRES
    items: list[dict[str, list[Any]]] = [
        {
            f.ITEM_ID: [f"item{number}".encode()],
            f.AVAILABLE_AT: [f.MISSING_INTEGER],
            key["genre"]: [f"genre{number}".encode()],
            key["title"]: [
                " ".join(
                    _word(number * words_per_item + word) for word in range(words_per_item)
                ).encode()
            ],
            key["price"]: [float(number)],
        }
        for number in range(_NUM_GENRES)
    ]
    for name, rows, schema, function in (
        ("windows", windows, tfmd.windows_schema(table), windows_preprocessing_fn),
        ("catalogue", items, tfmd.catalogue_schema(table), catalogue_preprocessing_fn),
    ):
        metadata = dataset_metadata.DatasetMetadata(schema)
        with (
            beam.Pipeline() as pipeline,
            tft_beam.Context(temp_dir=str(folder / "temporary"), force_tf_compat_v1=False),
        ):
            analyzed = (pipeline | beam.Create(rows), metadata) | tft_beam.AnalyzeDataset(
                lambda inputs, function=function: function(inputs, config)
            )
            _ = analyzed | tft_beam.WriteTransformFn(str(graphs / name))
    return graphs


def _write_counts(
    graph: Path,
    vocabulary: str,
    ids: pa.StringArray,
    order: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> None:
    """Replaces a vocabulary of a transform graph by ids with their counts, in the given order."""
    path = tft.TFTransformOutput(str(graph)).vocabulary_file_by_name(vocabulary)
    lines = (
        f"{count} {key.as_py()}".encode()
        for key, count in zip(ids.take(pa.array(order)), counts[order].tolist(), strict=True)
    )
    with tf.io.TFRecordWriter(path, "GZIP") as writer:
        for line in lines:
            writer.write(line)
