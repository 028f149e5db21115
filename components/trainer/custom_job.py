"""Runs a training as a Vertex AI custom job.

TFX's Kubeflow runner can give the container of a step resources, but no replicas. Therefore the
executor of the trainer submits a custom job with a pool of workers, and waits for its end.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from google.api_core.retry import Retry
from google.cloud.aiplatform_v1 import CustomJob, JobServiceClient, JobState

from components.progress import progress
from components.trainer import worker_main
from schemas.deploy_settings import TrainerJob

# A training takes minutes, and each look costs one request of the project's quota.
_SECONDS_BETWEEN_LOOKS = 20.0
# Requests that fail by an overload of the service are repeated for this time.
_RETRY_SECONDS = 300.0
_FAILED = (
    JobState.JOB_STATE_FAILED,
    JobState.JOB_STATE_CANCELLED,
    JobState.JOB_STATE_EXPIRED,
)


def job_client(region: str) -> JobServiceClient:
    """Returns a client of the region, with the credentials of the environment."""
    return JobServiceClient(client_options={"api_endpoint": f"{region}-aiplatform.googleapis.com"})


def custom_job(job: TrainerJob, request: str) -> CustomJob:
    """Builds the body of the request that creates the job.

    The first pool is the chief, one machine; the second one has the other machines. Vertex AI
    restarts all workers if one of them is restarted, and the training goes on from its last
    checkpoint.

    Args:
      job: The machines and their place.
      request: The JSON of a `TrainingRequest`, the argument of each worker.
    """
    machines = job.machines
    machine: dict[str, str | int] = {"machine_type": machines.machine_type}
    if machines.accelerator is not None:
        machine["accelerator_type"] = machines.accelerator
        machine["accelerator_count"] = machines.accelerators_per_replica
    container = {
        "image_uri": job.image,
        "command": ["python", "-m", worker_main.__name__],
        "args": [request],
    }
    counts = [count for count in (1, machines.replicas - 1) if count]
    return CustomJob(
        display_name=job.name,
        job_spec={
            "worker_pool_specs": [
                {"machine_spec": machine, "replica_count": count, "container_spec": container}
                for count in counts
            ],
            "scheduling": {"restart_job_on_worker_restart": True},
            "service_account": job.service_account or "",
        },
    )


def run_custom_job(
    client: JobServiceClient,
    job: TrainerJob,
    request: str,
    poll_s: float = _SECONDS_BETWEEN_LOOKS,
) -> None:
    """Submits the job, logs its states, and returns when it has succeeded.

    If this process is terminated before, for example because its pipeline is cancelled, the job is
    cancelled, too.

    Args:
      client: A client of the region of the job.
      job: The machines and their place.
      request: The JSON of a `TrainingRequest`.
      poll_s: The time between two looks at the state, in seconds.

    Raises:
      RuntimeError: The job failed, was cancelled or expired.
    """
    parent = f"projects/{job.project}/locations/{job.region}"
    name = client.create_custom_job(parent=parent, custom_job=custom_job(job, request)).name
    console = console_url(name)
    progress.info("training as custom job %s on Vertex AI: %s", name, console)
    with _termination_as_exit():
        try:
            _wait(client, name, console, poll_s)
        except (KeyboardInterrupt, SystemExit):
            progress.info("cancelling custom job %s", name)
            client.cancel_custom_job(name=name)
            raise


def console_url(name: str) -> str:
    """Returns the page of a custom job in the console of Google Cloud.

    >>> console_url("projects/12/locations/europe-west4/customJobs/345")
    'https://console.cloud.google.com/ai/platform/locations/europe-west4/training/345?project=12'

    Args:
      name: The resource name of the job.
    """
    _, project, _, region, _, number = name.split("/")
    page = "https://console.cloud.google.com/ai/platform"
    return f"{page}/locations/{region}/training/{number}?project={project}"


def _wait(client: JobServiceClient, name: str, console: str, poll_s: float) -> None:
    retry, logged = Retry(timeout=_RETRY_SECONDS), None
    while True:
        job = client.get_custom_job(name=name, retry=retry)
        if job.state != logged:
            logged = job.state
            progress.info("custom job %s: %s", name, _readable(job.state))
        if job.state in _FAILED:
            raise RuntimeError(
                f"the custom job of the training ended as {_readable(job.state)}: "
                f"{job.error.message or 'Vertex AI gives no reason'}; the logs of its workers are "
                f"at {console}"
            )
        if job.state == JobState.JOB_STATE_SUCCEEDED:
            return
        time.sleep(poll_s)


def _readable(state: JobState) -> str:
    return JobState(state).name.removeprefix("JOB_STATE_").lower()


@contextmanager
def _termination_as_exit() -> Iterator[None]:
    """Turns SIGTERM, by which Vertex AI cancels a step, into SystemExit during a block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Only the main thread may set a handler.
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
