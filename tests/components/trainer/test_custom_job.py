"""The custom job of a training, against a server with the API of Vertex AI."""

import json
import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.aiplatform_v1 import AcceleratorType, JobServiceClient
from google.cloud.aiplatform_v1.services.job_service.transports import JobServiceRestTransport

from components.trainer.custom_job import run_custom_job
from schemas.deploy_settings import TrainerJob, TrainerMachines

NAME = "projects/12/locations/europe-west4/customJobs/345"
CONSOLE = (
    "https://console.cloud.google.com/ai/platform/locations/europe-west4/training/345?project=12"
)
JOB = TrainerJob(
    name="shop-trainer",
    image="registry.example/twotower:1",
    project="shop-prod",
    region="europe-west4",
    service_account="trainer@shop-prod.example",
    machines=TrainerMachines(
        replicas=3,
        machine_type="g2-standard-16",
        accelerator="NVIDIA_L4",
        accelerators_per_replica=2,
    ),
)


class FakeVertex(ThreadingHTTPServer):
    """Answers with the given states, one per request; records all requests."""

    def __init__(self, states: list[dict[str, Any] | int]):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.states = states
        self.requests: list[tuple[str, str, Any]] = []

    @property
    def client(self) -> JobServiceClient:
        transport = JobServiceRestTransport(
            host=f"127.0.0.1:{self.server_address[1]}",
            url_scheme="http",
            credentials=AnonymousCredentials(),
        )
        return JobServiceClient(transport=transport)


class _Handler(BaseHTTPRequestHandler):
    server: FakeVertex

    def do_POST(self) -> None:
        self._answer({"name": NAME, "state": "JOB_STATE_QUEUED"})

    def do_GET(self) -> None:
        self._answer(self.server.states.pop(0))

    def log_message(self, format: str, *args: Any) -> None:
        del format, args

    def _answer(self, answer: dict[str, Any] | int) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        self.server.requests.append((self.command, path, json.loads(body) if body else None))
        status, content = (answer, {}) if isinstance(answer, int) else (200, answer)
        encoded = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)


@contextmanager
def vertex(*states: dict[str, Any] | int) -> Iterator[FakeVertex]:
    with FakeVertex(list(states)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def state(name: str, **values: Any) -> dict[str, Any]:
    return {"name": NAME, "state": f"JOB_STATE_{name}", **values}


def test_a_job_is_created_and_awaited(caplog: pytest.LogCaptureFixture) -> None:
    # an overload in between is no failure of the job
    states: list[dict[str, Any] | int] = [
        state("PENDING"),
        state("RUNNING"),
        503,
        state("RUNNING"),
        state("SUCCEEDED"),
    ]
    with vertex(*states) as server, caplog.at_level(logging.INFO, "twotower.progress"):
        run_custom_job(server.client, JOB, '{"paths": 1}', poll_s=0.0)

    (method, path, body), *polls = server.requests
    machine = {
        "machineType": "g2-standard-16",
        "acceleratorType": "NVIDIA_L4",
        "acceleratorCount": 2,
    }
    container = {
        "imageUri": "registry.example/twotower:1",
        "command": ["python", "-m", "components.trainer.worker_main"],
        "args": ['{"paths": 1}'],
    }
    assert (method, path) == ("POST", "/v1/projects/shop-prod/locations/europe-west4/customJobs")
    pools = body["jobSpec"].pop("workerPoolSpecs")
    assert [pool.pop("replicaCount") for pool in pools] == ["1", "2"]
    assert [(_named(p["machineSpec"]), p["containerSpec"]) for p in pools] == [
        (machine, container)
    ] * 2
    assert body == {
        "displayName": "shop-trainer",
        "jobSpec": {
            "scheduling": {"restartJobOnWorkerRestart": True},
            "serviceAccount": "trainer@shop-prod.example",
        },
    }
    assert polls == [("GET", f"/v1/{NAME}", None)] * len(states)
    assert [line for line in caplog.messages if line.startswith("custom job")] == [
        f"custom job {NAME}: {name}" for name in ("pending", "running", "succeeded")
    ]
    assert CONSOLE in caplog.text


def test_one_machine_without_accelerator_is_one_pool() -> None:
    job = replace(JOB, service_account=None, machines=TrainerMachines())
    with vertex(state("SUCCEEDED")) as server:
        run_custom_job(server.client, job, "{}", poll_s=0.0)

    (pool,) = server.requests[0][2]["jobSpec"]["workerPoolSpecs"]
    assert pool["machineSpec"] == {"machineType": "n1-standard-8"}
    assert pool["replicaCount"] == "1"
    assert "serviceAccount" not in server.requests[0][2]["jobSpec"]


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (
            state("FAILED", error={"code": 9, "message": "replica 1 exited"}),
            "failed: replica 1 exited",
        ),
        (state("CANCELLED"), "cancelled: Vertex AI gives no reason"),
    ],
)
def test_a_failure_names_its_reason_and_the_console(last: dict[str, Any], message: str) -> None:
    with vertex(state("RUNNING"), last) as server, pytest.raises(RuntimeError) as raised:
        run_custom_job(server.client, JOB, "{}", poll_s=0.0)

    assert message in str(raised.value)
    assert CONSOLE in str(raised.value)


def test_a_cancelled_step_cancels_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    def terminated(seconds: float) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("components.trainer.custom_job.time.sleep", terminated)
    before = signal.getsignal(signal.SIGTERM)
    with vertex(state("RUNNING")) as server, pytest.raises(SystemExit):
        run_custom_job(server.client, JOB, "{}")

    assert server.requests[-1][:2] == ("POST", f"/v1/{NAME}:cancel")
    assert signal.getsignal(signal.SIGTERM) == before


def _named(machine: dict[str, Any]) -> dict[str, Any]:
    """Returns a machine with the name of its accelerator, which REST has as a number."""
    number = machine["acceleratorType"]
    name = AcceleratorType(number).name if isinstance(number, int) else number
    return {**machine, "acceleratorType": name}
