"""Settings of the platform on which a compiled pipeline runs."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from schemas.setting_doc import Doc
from schemas.source_settings import FORBID_UNKNOWN_KEYS, NonEmptyText, PositiveInt


@dataclass(frozen=True, kw_only=True)
class TrainerMachines:
    """The machines of a training that runs as a Vertex AI custom job."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    replicas: Annotated[
        PositiveInt,
        Doc(
            "Number of machines. More than one requires `train.strategy: multi_worker`.",
            unit="machines",
            example=2,
        ),
    ] = 1
    machine_type: Annotated[
        NonEmptyText, Doc("Machine type of Compute Engine.", example="g2-standard-16")
    ] = "n1-standard-8"
    accelerator: Annotated[
        Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None,
        Doc(
            "Accelerator of each machine, by its name in the API of Vertex AI.",
            example="NVIDIA_L4",
            default="no accelerator",
        ),
    ] = None
    accelerators_per_replica: Annotated[
        PositiveInt,
        Doc(
            "Number of accelerators of each machine. More than one requires a `train.strategy`.",
            unit="accelerators",
            example=2,
        ),
    ] = 1


@dataclass(frozen=True, kw_only=True)
class DeploySettings:
    """Where a compiled pipeline runs."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    project: Annotated[NonEmptyText, Doc("Project id of Google Cloud.", example="shop-prod")]
    region: Annotated[NonEmptyText, Doc("Region of Vertex AI.", example="europe-west4")]
    service_account: Annotated[
        NonEmptyText | None,
        Doc(
            "Service account of the training's custom job.",
            example="trainer@shop-prod.iam.gserviceaccount.com",
            default="the one that Vertex AI uses for custom jobs",
        ),
    ] = None
    trainer: Annotated[
        TrainerMachines | None,
        Doc(
            "The machines of the training. With this key, the trainer of a pipeline that is "
            "compiled for Vertex AI submits a custom job; without it, the training runs in the "
            "container of its step.",
            example={"machine_type": "g2-standard-16", "accelerator": "NVIDIA_L4"},
            default="the container of the step",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class TrainerJob:
    """A custom job of Vertex AI that runs the training: parameter `custom_job` of the trainer.

    Attributes:
      name: The name that the console shows.
      image: The container image, in which this project is installed.
      project: The project id.
      region: The region of Vertex AI.
      service_account: The account that runs the job; None for the default of Vertex AI.
      machines: The machines of the job.
    """

    name: str
    image: str
    project: str
    region: str
    service_account: str | None
    machines: TrainerMachines
