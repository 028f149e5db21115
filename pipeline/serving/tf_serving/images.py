"""The container images of TF Serving, and which of the two pushed models each one serves."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Image:
    """A container image.

    Attributes:
      key: Its name in `--image`, in the service of Compose and in the names of Kubernetes.
      reference: Repository and tag. A tag is pinned, so that a restart does not change the server.
      is_portable: Whether it serves the portable twin; otherwise the model with the ScaNN index.
      rest_port: Port of the REST API on the machine of Compose; 8501 in the container.
      grpc_port: Port of gRPC on the machine of Compose; 8500 in the container.
      memory_factor: Memory of a loaded version, relative to its size on disk.
      has_health_service: Whether the server has the flag for the health service of gRPC.
      note: What to know of it, one line.
    """

    key: str
    reference: str
    is_portable: bool
    rest_port: int
    grpc_port: int
    memory_factor: float
    has_health_service: bool
    note: str


# The index holds the vectors twice, with codes and ids (docs/index.md, "Scale": 2.3 to 2.6 times
# the size on disk from a million items on).
SCANN = Image(
    key="scann",
    # The last public image with the ScaNN ops.
    reference="google/tf-serving-scann:2.11.0",
    is_portable=False,
    rest_port=8501,
    grpc_port=8500,
    memory_factor=3.0,
    has_health_service=False,
    note="TF Serving with the ScaNN ops, and the model with the ScaNN index",
)
# The twin holds the vectors once, and the ids: 1.6 times the size on disk with a million items, and
# 1.9 times after requests of 64 rows.
STOCK = Image(
    key="stock",
    reference="tensorflow/serving:2.16.1",
    is_portable=True,
    rest_port=8511,
    grpc_port=8510,
    memory_factor=2.0,
    has_health_service=True,
    note="TF Serving as it is published, and the twin, which needs no custom op",
)


class ImageChoice(str, Enum):
    """Values of `--image`."""

    SCANN = SCANN.key
    STOCK = STOCK.key
    BOTH = "both"


def chosen_images(choice: ImageChoice) -> tuple[Image, ...]:
    """Returns the images that a value of `--image` stands for."""
    both = (SCANN, STOCK)
    return tuple(image for image in both if choice.value in (image.key, ImageChoice.BOTH.value))
