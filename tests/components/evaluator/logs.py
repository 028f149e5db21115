"""Writes small logs in the format of the example generators, and a model with known outputs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.evaluator.columns import EventColumns
from components.evaluator.history import SeenItems
from components.evaluator.queries import Queries
from schemas import features as f
from schemas import serving, serving_specs
from schemas.features import FeatureTable, feature_table
from schemas.settings import DataSettings, from_dict
from tests.examples import write_split

SETTINGS: dict[str, Any] = {
    "interactions": {
        "path": "log.jsonl",
        "format": "jsonl",
        "fields": {"user_id": "user", "item_id": "item", "timestamp": "time"},
        "context": {"device": {"kind": "category"}, "battery": {"kind": "number"}},
    },
    "items": {
        "path": "items.csv",
        "format": "csv",
        "fields": {"item_id": "item"},
        "features": {"genres": {"kind": "categories"}, "price": {"kind": "number"}},
    },
    "users": {
        "path": "users.csv",
        "format": "csv",
        "fields": {"user_id": "user"},
        "features": {"country": {"kind": "category"}},
    },
    "history": {"max_length": 3},
}

# One window: (user, [(item, timestamp, is_target)]).
Window = tuple[str, list[tuple[str, int, int]]]


def data_settings(**changes: Any) -> DataSettings:
    """Returns settings with user, item and context features; `changes` replace top-level keys."""
    return from_dict(DataSettings, {**SETTINGS, **changes})


TABLE: FeatureTable = feature_table(data_settings())


def write_windows(
    uri: str, splits: Mapping[str, Iterable[Window]], countries: Mapping[str, str] | None = None
) -> str:
    """Writes raw windows; the other event columns are derived from the timestamp.

    Args:
      uri: The folder for the splits.
      splits: The windows of each split.
      countries: The country of each user; by default, each user has one of their own.
    """
    for split, windows in {f.PAST_SPLIT: (), **splits}.items():
        examples: list[dict[str, list[Any]]] = []
        for user, events in windows:
            times = [time for _, time, _ in events]
            examples.append(
                {
                    f.USER_ID: [user],
                    "country": [countries[user] if countries else f"country of {user}"],
                    f.ITEM_ID: [item for item, _, _ in events],
                    f.TIMESTAMP: times,
                    f.EVENT_TYPE: [f"type {time}" for time in times],
                    f.VALUE: [time / 2 for time in times],
                    f.IS_TARGET: [is_target for _, _, is_target in events],
                    "device": [f"device {time}" for time in times],
                    "battery": [time / 4 for time in times],
                }
            )
        write_split(uri, split, examples)
    return uri


def write_catalogue(uri: str, items: Iterable[str]) -> str:
    """Writes a raw catalogue; the n-th item has n genres and the price n."""
    write_split(
        uri,
        f.CATALOGUE_SPLIT,
        [
            {
                f.ITEM_ID: [item],
                f.AVAILABLE_AT: [-1],
                "genres": [f"genre {g}" for g in range(n)],
                "price": [float(n)],
            }
            for n, item in enumerate(items)
        ],
    )
    return uri


def event_columns(
    windows: Iterable[tuple[int, list[tuple[int, int, int]]]], has_negatives: bool = False
) -> EventColumns:
    """Builds event columns from windows (user code, [(item row, timestamp, is_target)]).

    With `has_negatives`, an event whose `is_target` is -1 is explicit negative feedback.
    """
    user, events, offsets = [], [], [0]
    for code, window in windows:
        user += [code] * len(window)
        events += window
        offsets.append(len(events))
    item, timestamp, is_target = np.array(events, np.int64).reshape(-1, 3).T
    return EventColumns(
        np.array(user, np.int64),
        item,
        timestamp,
        is_target > 0,
        np.array(offsets),
        is_target < 0 if has_negatives else None,
    )


def save_successor_model(
    path: str, items: list[str], table: FeatureTable = TABLE, scale: float = 1.0
) -> str:
    """Saves a model with one-hot embeddings that recommends the successor of the last item.

    The item after the last item of the history, in the order of `items`, has the score `scale`²,
    all others 0. Without history it is the first item.
    """
    one_hot = np.diag(np.full(len(items), scale, np.float32))
    no_item = np.zeros([1, len(items)], np.float32)
    return save_lookup_model(path, items, np.concatenate([one_hot, no_item]), one_hot, table)


def save_lookup_model(
    path: str,
    items: list[str],
    queries: npt.NDArray[np.float32],
    candidates: npt.NDArray[np.float32],
    table: FeatureTable = TABLE,
    country: str = "",
) -> str:
    """Saves a model whose query embedding depends on the last item of the history.

    Args:
      path: The folder of the SavedModel.
      items: The items in the order of the rows of both tables.
      queries: [num_items + 1, dim], the embedding of a query without history, followed by that of
        a query after each item.
      candidates: [num_items, dim].
      table: The features of the signatures.
      country: A country whose users all get the query embedding without history; "" for none.
    """
    module = tf.Module()
    keys = tf.constant(items)
    table_init = tf.lookup.KeyValueTensorInitializer(keys, tf.range(len(items), dtype=tf.int64))
    module.rows = tf.lookup.StaticHashTable(table_init, default_value=-1)

    @tf.function
    def query(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        history = inputs[serving.HISTORY_ITEM_ID]
        length = tf.reduce_sum(tf.cast(history != "", tf.int32), axis=1)
        last = tf.gather(history, tf.maximum(length - 1, 0), batch_dims=1)
        row = module.rows.lookup(last) + 1
        if country:
            row = tf.where(inputs["country"] == country, tf.zeros_like(row), row)
        return {serving.OUTPUT_EMBEDDING: tf.gather(tf.constant(queries), row)}

    @tf.function
    def candidate(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        rows = module.rows.lookup(inputs[f.ITEM_ID])
        return {serving.OUTPUT_EMBEDDING: tf.gather(tf.constant(candidates), rows)}

    module.query, module.candidate = query, candidate
    signatures = {
        serving.QUERY_EMBEDDING: query.get_concrete_function(**serving_specs.query_specs(table)),
        serving.CANDIDATE_EMBEDDING: candidate.get_concrete_function(
            **serving_specs.candidate_specs(table)
        ),
    }
    tf.saved_model.save(module, path, signatures)
    return path


def queries_of(relevant: Sequence[Sequence[int]], seen: Sequence[set[int]]) -> Queries:
    """Builds one query per user, with the given relevant and seen items."""
    num_queries = len(relevant)
    num_seen = [len(items) for items in seen]
    start = np.cumsum([0, *num_seen])
    return Queries(
        split="test",
        position=np.arange(num_queries),
        user=np.arange(num_queries),
        item=np.array([item for items in relevant for item in items], np.int64),
        offsets=np.cumsum([0, *(len(items) for items in relevant)]),
        num_past_events=np.array(num_seen, np.int64),
        seen=SeenItems(
            item=np.array([item for items in seen for item in sorted(items)], np.int64),
            start=start[:-1],
            stop=start[1:],
            tied_item=np.empty(0, np.int64),
            tied_offsets=np.zeros(num_queries + 1, np.int64),
        ),
    )
