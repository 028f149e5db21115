"""`twotower monitor` on the versions of a finished run."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.served_reference import ServedReference, write_known_users, write_reference
from components.user_hash import hashed_user_id, key_fingerprint
from pipeline import cli
from pipeline.monitor.traffic import read_traffic
from pipeline.monitor.versions import version_facts
from schemas import traffic as t
from schemas.errors import InputError
from tests.pipeline.commands.finished_run import FinishedRun
from tests.pipeline.monitor.test_compare import EVALUATED
from tests.pipeline.monitor.traffic_files import record, write

KEY = b"0123456789abcdef"


class MonitoredRun(FinishedRun):
    """A run with one version that has a reference, and one of an earlier release.

    Attributes:
      version: The version with a reference.
      old: The version without one.
      traffic: The folder of the traffic.
    """

    def __init__(self, root: Path):
        super().__init__(root)
        (root / "run.json").write_text(json.dumps(self.record))
        self.old = int(self.publish("old").version)
        published = self.publish("new")
        self.version = int(published.version)
        reference = ServedReference("test", 100, {"serving_default": EVALUATED}, ("a", "b", "c"))
        write_reference(published.serving_path, reference)
        users = (f"u{number}".encode() for number in range(100))
        write_known_users(published.serving_path, users)
        self.traffic = root.parent / "traffic"
        self.traffic.mkdir()
        self.key = root.parent / "key"
        self.key.write_bytes(KEY)

    def serve(self, number: int, key: bytes = b"") -> None:
        """Logs a list at each second to users in turn, half of them by the old version."""
        rows = [
            record(
                hashed_user_id(f"u{row % 200}", key) if key else f"u{row % 200}",
                1_000.0 + row,
                values={
                    t.VERSION: self.old if row % 2 else self.version,
                    t.LABEL: "canary" if row % 2 else "stable",
                    t.USER_KEY: key_fingerprint(key) if key else "",
                },
            )
            for row in range(number)
        ]
        write(self.traffic / "traffic-1.jsonl", rows)

    def interactions(self, events: list[dict[str, Any]], **values: Any) -> str:
        """Writes a log from second 0 to 9,999 with events, and its configuration."""
        ends = [{"user": "other", "item": "x", "time": time_s} for time_s in (0, 9_999)]
        log = self.root.parent / "after.jsonl"
        log.write_text("".join(json.dumps(event) + "\n" for event in [*events, *ends]))
        fields = {"user_id": "user", "item_id": "item", "timestamp": "time"}
        source = {"path": str(log), "format": "jsonl", "fields": fields}
        config = self.root.parent / "after.yaml"
        document = {"name": "after", "output": "unused", "interactions": source, **values}
        config.write_text(yaml.safe_dump(document))
        return str(config)


@pytest.fixture
def run(tmp_path: Path) -> MonitoredRun:
    return MonitoredRun(tmp_path / "run")


class Monitor:
    """Calls the command."""

    def __init__(
        self, run: MonitoredRun, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ):
        self._arguments = ["twotower", "monitor", str(run.root), "--traffic", str(run.traffic)]
        self._monkeypatch = monkeypatch
        self._capfd = capfd

    def __call__(self, *arguments: str) -> str:
        """Returns what it prints: the result, or an error."""
        self._monkeypatch.setattr(sys, "argv", [*self._arguments, *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = self._capfd.readouterr()
        assert end.value.code == (2 if printed.err else 0)
        return printed.err or printed.out


@pytest.fixture
def monitor(
    run: MonitoredRun, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Monitor:
    return Monitor(run, monkeypatch, capfd)


def test_versions_are_compared_with_their_own_evaluation(
    run: MonitoredRun, monitor: Monitor
) -> None:
    run.serve(400)

    result = json.loads(monitor("--json"))

    assert (result["lists"], result["users"], result["clicks"]) == (400, 200, None)
    old, new = result["groups"]
    assert (old["label"], old["version"], old["requests"]) == ("canary", run.old, 200)
    assert "was pushed by an earlier release" in old["missing"]
    assert {measure["verdict"] for measure in old["measures"]} == {""}
    assert new["evaluated_with"] == (
        f"compared with 1,000 requests of {EVALUATED.num_users} users of the test split"
    )
    measures = {measure["measure"]: measure for measure in new["measures"]}
    assert measures["unknown users"]["served"] == 0.5
    assert measures["unknown items in histories"]["served"] == 0.5
    assert measures["history length, mean"]["verdict"] == "large change: lower than evaluated"
    text = monitor()
    assert f"label canary, version {run.old}, serving_default: 200 lists of 100 users" in text
    assert f"not compared: version {run.old} was pushed by an earlier release" in text
    assert "unknown users" in text


@pytest.mark.parametrize("key", [b"", KEY])
def test_labels_are_compared_by_clicks(run: MonitoredRun, monitor: Monitor, key: bytes) -> None:
    run.serve(400, key)
    events = [
        {"user": f"u{row % 200}", "item": "b", "time": 1_001 + row}
        for row in range(400)
        if row % 2 or row % 4 == 0
    ]
    arguments = ["--interactions", run.interactions(events), "--window", "10s"]
    arguments += ["--user-key", str(run.key)] if key else []

    clicks = json.loads(monitor(*arguments, "--json"))["clicks"]

    stable, canary = clicks["arms"]
    assert (stable["name"], stable["rate"], stable["versions"]) == ("stable", 0.5, [run.version])
    assert (canary["name"], canary["rate"], canary["interval"]) == ("canary", 1.0, [1.0, 1.0])
    assert canary["difference"] == 0.5
    low, high = canary["difference_interval"]
    assert 0.3 < low < 0.5 < high < 0.7
    text = monitor(*arguments, "--baseline", "canary")
    assert "minus canary" in text
    assert "-0.5000" in text


def test_unknown_users_of_a_hashed_log_need_the_key(run: MonitoredRun, monitor: Monitor) -> None:
    run.serve(200, KEY)

    shares = []
    for arguments in ([], ["--user-key", str(run.key)]):
        _, new = json.loads(monitor("--json", *arguments))["groups"]
        measures = {measure["measure"]: measure["served"] for measure in new["measures"]}
        shares.append(measures["unknown users"])

    assert shares == [None, 0.5]


def test_input_that_does_not_join_is_an_error(run: MonitoredRun, monitor: Monitor) -> None:
    run.serve(200, KEY)
    config = run.interactions([{"user": "u1", "item": "a", "time": 1}])
    other = run.root.parent / "other.key"
    other.write_bytes(b"another key of 24 bytes.")

    assert "have to be hashed, too: give --user-key FILE" in monitor("--interactions", config)
    assert "are hashed with the key " in monitor("--user-key", str(other))
    assert "expected a number and a unit" in monitor("--window", "soon")
    assert "requires --interactions CONFIG" in monitor("--baseline", "stable")
    rules = run.interactions([], ids={"normalise": ["case"]})
    arguments = ("--user-key", str(run.key), "--interactions", rules)
    assert "ids.normalise differs from that of the run" in monitor(*arguments)
    run.serve(200)
    assert "are not hashed; leave out" in monitor("--user-key", str(run.key))


def test_a_withdrawn_version_has_its_facts(run: MonitoredRun) -> None:
    folder = run.serving / str(run.version)
    folder.rename(run.serving / f".rolled-back-{run.version}")

    facts = version_facts(str(run.serving), run.version, None, is_hashed=False)

    assert (facts.missing, facts.items) == ("", {"a", "b", "c"})
    assert facts.users is not None
    assert len(facts.users) == 100


def test_a_version_that_is_gone_is_named(run: MonitoredRun, tmp_path: Path) -> None:
    facts = version_facts(str(run.serving), 77, None, is_hashed=False)

    assert facts.reference is None
    assert facts.missing == f"version 77 is no longer in {run.serving}"


def test_the_traffic_of_another_model_is_an_error(run: MonitoredRun) -> None:
    run.serve(2)

    with pytest.raises(InputError, match="traffic of the model demo, but the run pushes other"):
        read_traffic([str(run.traffic)], "other")
