"""Tests that whole ingestions agree with a second implementation in plain Python (`oracle`)."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from apache_beam.pvalue import TaggedOutput
from hypothesis import given, settings
from hypothesis import strategies as st

from components.example_gen.clean import CleanRules
from components.example_gen.combiners import ComputeTimeStatistics
from components.example_gen.event_parser import EventParser
from components.example_gen.event_table import TIME_US
from components.example_gen.partition_steps import CleanPartition, CountTrainItems, MakeExamples
from components.example_gen.partitioned_reader import INTERACTIONS, PartitionedReader
from components.example_gen.split import instant_us
from components.readers.read import read_batches
from components.readers.source_columns import check_source
from components.records.arrow_rows import read_stream
from components.records.erase import load_erased_ids
from components.records.side_outputs import REJECTS_TAG, SUMMARY_TAG
from components.records.summary import Summary
from schemas.features import PAST_SPLIT, feature_table
from schemas.settings import DataSettings, from_dict
from tests.components.example_gen.logs import run
from tests.components.example_gen.oracle import NOW_S, SECONDS, SPLITS, Line, Oracle, Window

# Sizes of a TFRecord's header (length and its checksum) and footer (checksum of the data).
HEADER_BYTES = 12
FOOTER_BYTES = 4


@dataclass
class Outcome:
    """The result of an ingestion.

    Attributes:
      rejected: The reason of each rejection, by (file, line).
      windows: The windows of all splits.
      past: The positions of the events in split `past`.
      summary: The merged counts of all steps.
    """

    rejected: dict[tuple[int, int], str] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    past: list[tuple[int, int]] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)

    def main(self, outputs: Iterable[Any]) -> list[Any]:
        """Returns the main output of a step; records its rejects and counts."""
        main = []
        for output in outputs:
            if not isinstance(output, TaggedOutput):
                main.append(output)
            elif output.tag == SUMMARY_TAG:
                self.summary.merge(output.value)
            elif output.tag == REJECTS_TAG:
                for reject in read_stream(output.value).to_pylist():
                    position = (int(Path(reject["file"]).stem), reject["line"])
                    assert position not in self.rejected
                    self.rejected[position] = reject["reason"]
        return main


def steps(data: DataSettings, known_items: list[str] | None) -> Outcome:
    """Runs the steps of the pipeline one after another, without Beam."""
    outcome, table = Outcome(), feature_table(data)
    files = check_source(INTERACTIONS, data.interactions)
    parser = EventParser(data.interactions, table.context, load_erased_ids(data.erase))
    reader = PartitionedReader(INTERACTIONS, files, data.interactions, parser, num_partitions=3)
    partitions = defaultdict(list)
    for number, path in enumerate(files):
        for batch in read_batches(path, data.interactions, reader.columns):
            for partition, rows in outcome.main(reader.process_batch(batch, number)):
                partitions[partition].append(rows)
    reject = data.interactions.reject
    earliest_us = reject.earliest and instant_us("earliest", reject.earliest)
    rules = CleanRules(data.interactions.keep, reject, NOW_S * 10**6, earliest_us or None, files)
    known = None if known_items is None else pa.array(known_items, pa.string())
    step = CleanPartition(rules, (), table)
    cleaned = [
        partition_events
        for index, rows in partitions.items()
        for partition_events in outcome.main(step.process((index, {INTERACTIONS: rows}), known))
    ]
    times = [read_stream(events).column(TIME_US).to_numpy() for events, _ in cleaned]
    statistics = ComputeTimeStatistics(data).extract_output(times)
    counts: Counter[str] = Counter()
    for partition_events in cleaned:
        for partition_counts in CountTrainItems(data).process(partition_events, statistics):
            counts.update(partition_counts)
    item_counts = counts if data.interactions.keep.min_item_events > 1 else None
    make = MakeExamples(data, table, files)
    for partition_events in cleaned:
        for split, framed in outcome.main(make.process(partition_events, statistics, item_counts)):
            if split in SPLITS:
                outcome.windows += [window(split, record) for record in records(framed)]
            elif split == PAST_SPLIT:
                for record in records(framed):
                    outcome.past += window(split, record).positions
    return outcome


def records(framed: bytes) -> Iterator[bytes]:
    """Yields the records of framed TFRecords.

    See https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details.
    """
    while framed:
        end = HEADER_BYTES + int.from_bytes(framed[:8], "little")
        yield framed[HEADER_BYTES:end]
        framed = framed[end + FOOTER_BYTES :]


def window(split: str, record: bytes) -> Window:
    features = tf.train.Example.FromString(record).features.feature
    positions = [divmod(int(position), 1_000) for position in features["position"].float_list.value]
    flags = map(bool, features["is_target"].int64_list.value)
    user = features["user_id"].bytes_list.value[0].decode()
    return Window(split, user, tuple(positions), tuple(flags))


def check(actual: Outcome, expected: Oracle, num_lines: int, data: DataSettings) -> None:
    cap = data.interactions.keep.max_user_events
    max_length = min(data.history.max_length, cap or data.history.max_length)
    assert actual.rejected == expected.rejected
    read, num_rejected = actual.summary.read[INTERACTIONS], actual.summary.rejects.total()
    assert read == num_lines == len(expected.kept) + num_rejected
    assert num_rejected == len(expected.rejected) + len(expected.erased)
    number_of = {e.position: n for events in expected.users.values() for n, e in enumerate(events)}
    number_before_cap = {
        e.position: n for events in expected.before_cap.values() for n, e in enumerate(events)
    }
    targets: list[tuple[tuple[int, int], str]] = []
    for split, user, positions, flags in actual.windows:
        begin = number_of[positions[0]]
        events = expected.users[user][begin : begin + len(positions)]
        assert positions == tuple(event.position for event in events)
        assert len(positions) <= max_length + 1
        min_history = -(-max_length // 2) if split == "train" else max_length
        assert split != "train" or {expected.split_of[position] for position in positions} == {
            "train"
        }
        for history, position in enumerate(positions):
            if flags[history]:
                targets.append((position, split))
                assert history >= min(number_of[position], min_history)
                if split != "train":
                    # No event is left out between the oldest event of the history and the target.
                    number = number_before_cap[position]
                    assert number - history == number_before_cap[positions[0]]
                    assert history >= min(number, min_history)
    in_windows = {position for window in actual.windows for position in window.positions}
    assert len(set(actual.past)) == len(actual.past)
    assert not in_windows & set(actual.past)
    kept = {event.position for event in expected.kept}
    assert in_windows | set(actual.past) == kept | expected.remembered
    wanted = [
        (e.position, expected.split_of[e.position]) for e in expected.kept if expected.is_target(e)
    ]
    assert sorted(targets) == sorted(wanted)
    for split in SPLITS:
        counts = actual.summary.splits[split]
        assert counts.targets == sum(of == split for _, of in wanted)
        assert counts.negatives == sum(
            expected.is_negative(e) and expected.split_of[e.position] == split
            for e in expected.kept
        )
        assert counts.events == sum(expected.split_of[e.position] == split for e in expected.kept)


USERS = ("ann", "bob", "0012", "nan", "ünï 🙂")
KINDS = ("view", "buy", "")
times = st.one_of(st.integers(0, 40), st.integers(0, 2_100), st.sampled_from(("", "noon", -1)))
lines_of_logs = st.builds(
    Line,
    user=st.sampled_from([*USERS, *USERS, " ann ", " "]),
    time=times,
    item=st.sampled_from(["i1", "i2", "i3", "i4", ""]),
    kind=st.sampled_from(KINDS),
    value=st.sampled_from([0.0, 1.0, 2.5, "much"]),
    event_id=st.sampled_from(["", "", "", "e1", "e2"]),
)
logs = st.lists(st.lists(lines_of_logs, min_size=1, max_size=30), min_size=1, max_size=3)


def optional_keys(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=values)


few = st.integers(1, 4)
kinds = st.lists(st.sampled_from(KINDS), min_size=1, unique=True)
instants = st.integers(0, 60).map(
    lambda second: f"1970-01-01T00:{second // 60:02}:{second % 60:02}"
)
fractions = st.sampled_from([0.05, 0.1, 0.3])
configurations = st.fixed_dictionaries(
    {
        "keep": optional_keys(event_types=kinds, min_value=st.just(1.0), min_user_events=few,
                     min_item_events=few, max_user_events=few),
        "reject": optional_keys(duplicates=st.booleans(), future=st.booleans(), earliest=instants,
                       user_rate_limit=st.fixed_dictionaries(
                           {"events": few, "per": st.sampled_from(sorted(SECONDS))})),
        "split": st.one_of(
            st.just({"policy": "leave_one_out"}),
            st.fixed_dictionaries({"eval_fraction": fractions, "test_fraction": fractions}),
            st.lists(instants, min_size=2, max_size=2, unique=True).map(sorted).map(
                lambda both: {"eval_start": both[0], "test_start": both[1]})),
        "targets": optional_keys(event_types=kinds, negative=st.one_of(
            st.fixed_dictionaries({"event_types": kinds}, optional={"max_value": st.just(1.0)}),
            st.just({"max_value": 1.0}))),
        "erase": optional_keys(user_ids=st.just(["bob"]), item_ids=st.just(["i3"])),
        "history": st.fixed_dictionaries({"max_length": st.integers(2, 7)}),
    }
)  # fmt: skip


def write(folder: Path, log: list[list[Line]]) -> dict[tuple[int, int], Line]:
    """Writes a file of JSON lines for each list; returns the lines by (file, line)."""
    where = {}
    for file, lines in enumerate(log):
        rows = []
        for number, line in enumerate(lines, 1):
            where[file, number] = line
            rows.append(json.dumps({**line._asdict(), "position": 1_000 * file + number}) + "\n")
        (folder / f"{file}.jsonl").write_text("".join(rows))
    return where


def settings_of(folder: Path, keep: Any, reject: Any, **more: Any) -> DataSettings:
    names = {"user_id": "user", "item_id": "item", "timestamp": "time", "event_type": "kind"}
    interactions = {
        "path": f"{folder}/*.jsonl",
        "format": "jsonl",
        "fields": {**names, "value": "value", "event_id": "event_id"},
        "context": {"position": {"kind": "number"}},
    }
    log = {**interactions, "keep": keep, "reject": reject}
    return from_dict(DataSettings, {"interactions": log, **more})


@given(logs, configurations, st.none() | st.just(["i1", "i2"]))
@settings(max_examples=100, deadline=None)
def test_steps_agree_with_the_oracle(log: Any, configuration: Any, known: Any) -> None:
    with TemporaryDirectory() as name:
        where = write(Path(name), log)
        data = settings_of(Path(name), **configuration)
        expected = Oracle(where, data, known)
        check(steps(data, known), expected, len(where), data)


def random_log(seed: int, num_lines: int) -> list[list[Line]]:
    random = np.random.default_rng(seed)
    log: list[list[Line]] = [[], [], []]
    for _ in range(num_lines):
        user, item = f"u{random.integers(12)}", f"i{random.zipf(1.5) % 40}"
        time: int | str = int(random.integers(1_900))
        kind = str(random.choice(KINDS))
        line = Line(user, "noon" if random.random() < 0.02 else time, item, kind)
        log[random.integers(3)] += [line] * (2 if random.random() < 0.05 else 1)
    return log


@pytest.mark.parametrize("policy", ["temporal", "leave_one_out"])
def test_a_pipeline_agrees_with_its_steps(policy: str, tmp_path: Path) -> None:
    where = write(tmp_path, random_log(7, 600))
    data = settings_of(
        tmp_path,
        keep={"min_user_events": 2, "min_item_events": 2, "max_user_events": 45},
        reject={"earliest": "1970-01-01T00:00:20"},
        split={"policy": policy},
        targets={"event_types": ["view", "buy"]},
        erase={"user_ids": ["u3"]},
        history={"max_length": 7},
    )
    actual, expected = steps(data, None), Oracle(where, data, None)
    check(actual, expected, len(where), data)
    out = run(data, tmp_path, NOW_S)
    rejected = {
        (int(Path(reject["file"]).stem), reject["line"]): reject["reason"] for reject in out.rejects
    }
    assert rejected == expected.rejected
    assert {"bad_timestamp", "duplicate", "late", "over_user_cap"} <= set(rejected.values())
    assert out.report.rejects == {**Counter(rejected.values()), "erased": len(expected.erased)}
    assert out.report.read == len(where) == out.report.kept + sum(out.report.rejects.values())
    for split in SPLITS:
        wanted = [
            (
                window.user,
                [where[position].item for position in window.positions],
                [where[position].time for position in window.positions],
                list(window.is_target),
            )
            for window in actual.windows
            if window.split == split
        ]
        assert out.windows[split] == sorted(wanted)
