"""The ingestion as in Beam's programming guide: every element is one Python object.

ReadFromText → json.loads → GroupByKey → one user's events as a list → tf.train.Example →
WriteToTFRecord. Only the computation of exact split boundaries collects all times in one place.
"""

import json
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import tensorflow as tf

from components.example_gen.sample import EVENTS_FOR_STATISTICS
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.settings import DataSettings

_SPLITS = ("train", "eval", "test")

# Timestamp in seconds, item, event type and value.
EventTuple = tuple[int, str, str, float]


def ingest(log: Path, output: Path, data: DataSettings) -> None:
    """Writes the folders `windows`, `events` and `rejects` below `output`."""
    with beam.Pipeline() as pipeline:
        users = (
            pipeline
            | "Read" >> beam.io.ReadFromText(str(log))
            | "Parse" >> beam.Map(json.loads)
            | "KeyByUser" >> beam.Map(_key_by_user)
            | "GroupByUser" >> beam.GroupByKey()
            | "RemoveRepeats" >> beam.ParDo(RemoveRepeats()).with_outputs("rejects", main="kept")
        )
        times = users.kept | "Times" >> beam.FlatMap(lambda user: [event[0] for event in user[1]])
        boundaries = (
            times
            | "AllTimes" >> beam.combiners.ToList()
            | "Boundaries"
            >> beam.Map(_boundaries, data.split.eval_fraction, data.split.test_fraction)
        )
        num_events = times | "NumEvents" >> beam.combiners.Count.Globally()
        windows = users.kept | "Windows" >> beam.ParDo(
            MakeWindows(data.history.max_length), beam.pvalue.AsSingleton(boundaries)
        ).with_outputs(*_SPLITS)
        for split in _SPLITS:
            _write(windows[split], str(output / "windows"), split)
        events = users.kept | "Events" >> beam.FlatMap(
            _sampled_events, beam.pvalue.AsSingleton(num_events)
        )
        _write(events, str(output / "events"), "events")
        _ = (
            users.rejects
            | "RejectToJson" >> beam.Map(json.dumps)
            | "WriteRejects" >> beam.io.WriteToText(str(output / "rejects"), ".jsonl.gz")
        )


def _key_by_user(event: dict[str, Any]) -> tuple[str, EventTuple]:
    values = (event["timestamp"], event["item_id"], event["event_type"], event["value"])
    return event["user_id"], values


class RemoveRepeats(beam.DoFn):
    """Sorts the events of a user by time and moves repeated events to the output `rejects`."""

    def process(self, element: tuple[str, Iterable[EventTuple]]) -> Iterator[Any]:
        """Yields (user, distinct events) and, tagged `rejects`, the repeated events."""
        user, events = element
        kept: dict[tuple[int, str, str], EventTuple] = {}
        for event in sorted(events):
            if kept.setdefault(event[:3], event) is not event:
                yield beam.pvalue.TaggedOutput("rejects", [user, *event, "duplicate"])
        yield user, list(kept.values())


def _boundaries(times: list[int], eval_fraction: float, test_fraction: float) -> tuple[int, int]:
    """Returns the first second of split eval and of split test."""
    times = sorted(times)
    num_test, num_eval = round(len(times) * test_fraction), round(len(times) * eval_fraction)
    return times[len(times) - num_test - num_eval], times[len(times) - num_test]


class MakeWindows(beam.DoFn):
    """Cuts the events of a user into windows, one output per split."""

    def __init__(self, max_length: int):
        self._max_length = max_length

    def process(
        self, element: tuple[str, list[EventTuple]], boundaries: tuple[int, int]
    ) -> Iterator[Any]:
        """Yields serialised tf.Examples of windows, tagged by split."""
        user, events = element
        times = [event[0] for event in events]
        edges = [0, *(bisect_left(times, boundary) for boundary in boundaries), len(events)]
        for at, split in enumerate(_SPLITS):
            full = split != "train"
            min_history = self._max_length if full else (self._max_length + 1) // 2
            target = edges[at]
            while target < edges[at + 1]:
                last = max(0, target - min_history) + self._max_length
                end = min(last + 1, edges[at + 1])
                begin = max(0, end - 1 - self._max_length)
                is_target = [int(position >= target) for position in range(begin, end)]
                example = _example(user, events[begin:end], is_target)
                yield beam.pvalue.TaggedOutput(split, example)
                target = end


def _sampled_events(element: tuple[str, list[EventTuple]], num_events: int) -> Iterator[bytes]:
    user, events = element
    for event in events:
        if _is_sampled(user, event, num_events):
            yield _example(user, [event], None)


def _is_sampled(user: str, event: EventTuple, num_events: int) -> bool:
    """Whether `components.example_gen.sample.sampled_events` keeps this event."""
    if num_events <= EVENTS_FOR_STATISTICS:
        return True
    time_us = event[0] * MICROSECONDS_PER_SECOND
    ids = zlib.crc32(user.encode()) << 32 | zlib.crc32(event[1].encode())
    return _mixed(_mixed(ids) ^ time_us) < int(EVENTS_FOR_STATISTICS / num_events * 2**64)


def _mixed(key: int) -> int:
    key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    key = (key ^ key >> 27) * 0x94D049BB133111EB % 2**64
    return key ^ key >> 31


def _example(user: str, events: list[EventTuple], is_target: list[int] | None) -> bytes:
    times, items, types, values = zip(*events, strict=True)
    features = {
        "user_id": _bytes([user]),
        "item_id": _bytes(items),
        "timestamp": tf.train.Feature(int64_list=tf.train.Int64List(value=times)),
        "event_type": _bytes(types),
        "value": tf.train.Feature(float_list=tf.train.FloatList(value=values)),
    }
    if is_target is not None:
        features["is_target"] = tf.train.Feature(int64_list=tf.train.Int64List(value=is_target))
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def _bytes(texts: Iterable[str]) -> tf.train.Feature:
    values = [text.encode() for text in texts]
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def _write(examples: "beam.PCollection[bytes]", folder: str, split: str) -> None:
    prefix = f"{folder}/Split-{split}/data_tfrecord"
    _ = examples | f"Write{split}" >> beam.io.WriteToTFRecord(prefix, file_name_suffix=".gz")
