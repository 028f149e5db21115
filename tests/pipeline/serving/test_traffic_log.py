"""The traffic log of a server: what is logged, and that requests are answered whatever happens."""

import json
import logging
import math
import threading
from pathlib import Path
from typing import Any

import pytest

from components.pusher.models_config import CONFIG_FILE
from pipeline.serving import traffic_log
from pipeline.serving.traffic_files import FileSettings, TrafficFiles
from pipeline.serving.traffic_log import DROPPED, WRITTEN, TrafficLog, TrafficSettings
from pipeline.serving.traffic_options import traffic_settings
from pipeline.serving.traffic_record import RecordSettings
from schemas.errors import InputError
from tests.pipeline.serving.predict_requests import by_column, predict_request
from tests.pipeline.serving.running_server import publish, running_server
from tests.pipeline.serving.small_model import ROW, requests, texts
from tests.pipeline.serving.test_labels import config
from tests.pipeline.serving.test_traffic_record import request


class Counts(dict[str, int]):
    """Numbers of records by outcome."""

    def __call__(self, outcome: str, records: int) -> None:
        self[outcome] = self.get(outcome, 0) + records


def read(folder: Path) -> list[dict[str, Any]]:
    """Returns the records of all complete files."""
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.open("rb")]


def settings(folder: Path, **kwargs: Any) -> TrafficSettings:
    return TrafficSettings(FileSettings(str(folder)), **kwargs)


def test_a_server_logs_the_requests_that_recommend_to_users(
    models: dict[str, Path], tmp_path: Path
) -> None:
    folder, log = tmp_path / "shop", tmp_path / "log"
    folder.mkdir()
    publish(models["a"], folder, 1)
    publish(models["b"], folder, 2)
    (folder / CONFIG_FILE).write_text(config(("shop", {"stable": 1})))
    with running_server(folder, traffic=settings(log)) as run:
        for name, inputs in requests():
            assert run.predict(by_column(name, inputs))[0] == 200
        run.predict({"instances": [ROW]}, "/labels/stable")
        grpc_request = predict_request(
            "serving_default", {"user_id": texts(["user5"]), "history_item_id": texts([["item1"]])}
        )
        grpc_request.output_filter.append("score")
        run.predictions.Predict(grpc_request)
        assert run.predict({"instances": [{"user_id": "user1"}]})[0] == 400
        metrics = run.server.metrics
    found = read(log)

    assert metrics.registry.get_sample_value(
        "twotower_traffic_records_total", {"outcome": "written"}
    ) == len(found)
    assert [record["signature"] for record in found] == [
        *["serving_default", "recommend", "recommend_examples"],
        *["serving_default"] * 2,
        *["recommend"] * 2,
        *["recommend_examples"] * 2,
        *["serving_default"] * 2,
    ]
    *_, labelled, last = found
    assert (labelled["label"], labelled["version"]) == ("stable", 1)
    assert (labelled["scores"], labelled["item_ids"][0]) == ([102.0] * 4, "item0")
    # The log has all outputs, whatever the request wanted to see.
    assert (last["user_id"], last["label"], last["version"]) == ("user5", "", 2)
    assert last["item_ids"] == ["item0", "item1", "item2", "item3"]
    rows = [record for record in found if record["signature"] == "recommend"]
    assert [(row["k"], len(row["item_ids"])) for row in rows] == [(3, 3), (3, 3), (4, 4)]


def test_requests_beyond_the_queue_are_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    started, resumed = threading.Event(), threading.Event()
    write = TrafficFiles.write

    def blocked(self: TrafficFiles, lines: bytes) -> None:
        started.set()
        assert resumed.wait(60)
        write(self, lines)

    monkeypatch.setattr(TrafficFiles, "write", blocked)
    counts = Counts()
    answered = request(["u1", "u2"], [["i1"], ["i2"]])
    log = TrafficLog(settings(tmp_path, max_waiting_values=2 * answered.num_values), counts)
    with caplog.at_level(logging.WARNING):
        log.add(answered)
        assert started.wait(60)
        log.add(answered)
        log.add(answered)
        log.add(answered)
        assert counts == {DROPPED: 4}
        resumed.set()
        log.close(60)

    assert counts == {DROPPED: 4, WRITTEN: 4}
    assert len(read(tmp_path)) == 4
    assert [record.message for record in caplog.records] == [
        "traffic log: requests come faster than they are written; dropped"
    ]


def test_a_full_disk_is_counted_and_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter([True, True, False])
    write = TrafficFiles.write

    def sometimes_full(self: TrafficFiles, lines: bytes) -> None:
        if next(failures):
            raise OSError(28, "No space left on device")
        write(self, lines)

    monkeypatch.setattr(TrafficFiles, "write", sometimes_full)
    counts = Counts()
    log = TrafficLog(settings(tmp_path), counts)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            log.add(request(["u1"], [["i1"]]))
        log.close(60)

    assert counts == {DROPPED: 2, WRITTEN: 1}
    assert [record.message for record in caplog.records] == [
        "traffic log: records are dropped: [Errno 28] No space left on device",
        "traffic log: records are written again",
    ]


def test_a_request_without_a_record_does_not_end_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = request(["u1"], [["i1"]])
    broken.inputs.pop("history_item_id")
    counts = Counts()
    log = TrafficLog(settings(tmp_path), counts)
    log.add(broken)
    log.add(request(["u2"], [["i1"]]))
    log.close(60)

    assert counts == {DROPPED: 1, WRITTEN: 1}
    assert [record["user_id"] for record in read(tmp_path)] == ["u2"]
    assert "no record can be made" in caplog.text


def test_an_example_that_only_the_model_reads_is_dropped_and_not_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts = Counts()
    log = TrafficLog(settings(tmp_path), counts)
    damaged = request(["user1"], [["item1"]], signature="recommend_examples")
    damaged.inputs["examples"] = texts([b"\x0a\x08\x0a\x06\x0a\x04\xff\xff\xff\xff"])
    log.add(damaged)
    log.close(10)
    assert counts == {DROPPED: 1}
    assert not caplog.records


def test_an_idle_log_completes_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    close = TrafficFiles.close

    def observed(self: TrafficFiles) -> None:
        close(self)
        done.set()

    monkeypatch.setattr(TrafficFiles, "close", observed)
    log = TrafficLog(TrafficSettings(FileSettings(str(tmp_path), max_s=0.05)), Counts())
    log.add(request(["u1"], [["i1"]]))
    assert done.wait(60)

    assert len(read(tmp_path)) == 1
    log.close(60)


def test_options_make_settings(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"0123456789abcdef\n")

    assert traffic_settings(None, None, None) is None
    assert traffic_settings("log", None, None) == traffic_log.TrafficSettings(FileSettings("log"))
    assert traffic_settings("log", 0.5, str(key)) == traffic_log.TrafficSettings(
        FileSettings("log"), RecordSettings(0.5, b"0123456789abcdef")
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((None, 0.5, None), "--traffic-sample 0.5: requires --traffic-log"),
        ((None, None, "key"), "--traffic-user-key key: requires --traffic-log"),
        (("log", 0.0, None), "--traffic-sample 0.0: expected a share above 0"),
        (("log", math.nan, None), "--traffic-sample nan: expected a share above 0"),
        (("log", None, "no-such-file"), "no-such-file: the key of user ids cannot be read"),
    ],
)
def test_bad_options_are_errors(
    options: tuple[str | None, float | None, str | None], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        traffic_settings(*options)
