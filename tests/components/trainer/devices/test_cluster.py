"""The cluster of TF_CONFIG, and the start of its workers."""

import json
import socket
import threading

import pytest

from components.trainer.devices.cluster import (
    Cluster,
    Worker,
    cluster_from_environment,
    parse_cluster,
    wait_for_workers,
)
from components.trainer.devices.lost_worker import lost_workers
from schemas.errors import InputError

CHIEF, FIRST = Worker("chief", 0, "a:1"), Worker("worker", 0, "b:1")
SECOND = Worker("worker", 1, "c:1")
ALL = (CHIEF, FIRST, SECOND)


@pytest.mark.parametrize(
    ("cluster", "task", "expected"),
    [
        # as Vertex AI sets it
        ({"chief": ["a:1"], "worker": ["b:1", "c:1"]}, ("chief", 0), Cluster(ALL, CHIEF)),
        ({"chief": ["a:1"], "worker": ["b:1", "c:1"]}, ("worker", 1), Cluster(ALL, SECOND)),
        ({"chief": ["a:1"]}, ("chief", 0), Cluster((CHIEF,), CHIEF)),
        # a TFJob may have workers alone; the index may be a text
        ({"worker": ["b:1", "c:1"]}, ("worker", "0"), Cluster((FIRST, SECOND), FIRST)),
        # an evaluator does not train
        ({"worker": ["b:1"], "evaluator": ["d:1"]}, ("worker", 0), Cluster((FIRST,), FIRST)),
    ],
)
def test_the_cluster_has_the_chief_first(
    cluster: dict[str, list[str]], task: tuple[str, int | str], expected: Cluster
) -> None:
    text = json.dumps({"cluster": cluster, "task": {"type": task[0], "index": task[1]}})

    parsed = parse_cluster(text)

    assert parsed == expected
    assert parsed.is_chief == (expected.own == expected.workers[0])
    assert {*parsed.others, parsed.own} == set(expected.workers)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "which is no cluster"),
        ("[]", "which is no cluster"),
        ('{"cluster": {"worker": ["a:1"]}}', "which is no cluster.*'task'"),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}',
            r"its task is ps 0, but its cluster contains worker 0 \(a:1\)",
        ),
    ],
)
def test_an_invalid_variable_is_an_error(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_cluster(text)


def test_a_missing_variable_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)

    with pytest.raises(InputError, match=r"train\.strategy is multi_worker, but .* TF_CONFIG"):
        cluster_from_environment()


def free_addresses(count: int) -> list[str]:
    """Returns addresses on loopback whose ports the system has chosen."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return addresses


def test_a_worker_waits_until_the_others_listen() -> None:
    own, other = (Worker("worker", n, a) for n, a in enumerate(free_addresses(2)))
    waiting = threading.Thread(target=wait_for_workers, args=(Cluster((own, other), own), 60.0))
    waiting.start()

    with socket.create_server(("127.0.0.1", int(other.address.rpartition(":")[2]))) as server:
        server.accept()[0].close()
        waiting.join(60)

    assert not waiting.is_alive()


def test_a_worker_that_does_not_start_is_named() -> None:
    own, missing = (Worker("worker", n, a) for n, a in enumerate(free_addresses(2)))

    with pytest.raises(RuntimeError, match=rf"worker 1 \({missing.address}\) did not start"):
        wait_for_workers(Cluster((own, missing), own), timeout_s=0.0)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("from remote target /job:worker/replica:0/task:1 while calling", "worker 1 (c:1)"),
        ("Error reported from /job:worker/task:0: heartbeat timeout", "worker 0 (b:1)"),
        # the own task is not lost
        ("/job:chief/replica:0/task:0 aborted: Connection reset by peer", None),
    ],
)
def test_the_lost_worker_is_read_from_the_error(message: str, expected: str | None) -> None:
    lost = lost_workers(Cluster(ALL, CHIEF), message)

    assert lost == (expected or "one of worker 0 (b:1), worker 1 (c:1)")
