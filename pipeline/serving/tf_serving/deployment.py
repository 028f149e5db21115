"""What the files say: one server for each image, with its folder, its flags and its memory."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from components import files
from components.pusher.models_config import CONFIG_FILE
from pipeline.paths import RunPaths
from pipeline.serving.tf_serving import memory
from pipeline.serving.tf_serving.images import Image
from pipeline.serving.tf_serving.names import object_name
from schemas.errors import InputError
from schemas.settings import Settings

BATCHING_FILE = "batching.config"
MONITORING_FILE = "monitoring.config"
METRICS_PATH = "/monitoring/prometheus/metrics"
# Paths in the containers: the parent of the folders of versions, and the two files above.
MODELS_PATH = "/models"
CONFIG_PATH = "/config"
# The only object store that both images can read.
_STORE = "gs://"
_CONFIG_POLL_S = 10
# Each look at an object store is a request that is charged.
_STORE_POLL_S = 30


@dataclass(frozen=True)
class Server:
    """One server of the model.

    Attributes:
      image: Its image.
      base_path: The folder of versions as the server sees it.
      source: That folder relative to the files, if it is local; else "".
      claim_path: That folder relative to the folder that contains those of all servers.
      arguments: Flags of TF Serving.
      version_mib: Size on disk of the largest version, in MiB.
      num_versions: Number of versions in memory while another one is loaded.
      memory_mib: Memory of the container, in MiB.
    """

    image: Image
    base_path: str
    source: str
    claim_path: str
    arguments: list[str]
    version_mib: int
    num_versions: int
    memory_mib: int


@dataclass(frozen=True)
class Deployment:
    """All servers of a model.

    Attributes:
      model: Name of the model.
      object_name: Its part of the names of Kubernetes objects, and the project of Compose.
      servers: One server for each image.
      uses_volume: Whether a server reads a local folder, and not an object store.
      volume_gib: Size of a volume for all versions, in GiB.
    """

    model: str
    object_name: str
    servers: tuple[Server, ...]
    uses_volume: bool
    volume_gib: int


def base_path(model_dir: str) -> str:
    """Returns the path of a folder of versions for a server in a container.

    >>> base_path("runs/shop/serving/shop")
    '/models/shop'
    >>> base_path("gs://shop-models/serving/shop")
    'gs://shop-models/serving/shop'

    Args:
      model_dir: The folder for this pipeline.

    Raises:
      InputError: It is on a file system that the images cannot read.
    """
    if not files.is_remote(model_dir):
        return f"{MODELS_PATH}/{os.path.basename(model_dir)}"
    if not model_dir.startswith(_STORE):
        raise InputError(
            f"{model_dir}: the images of TF Serving read local folders and {_STORE}; copy the "
            "versions to one of these, or mount the store as a folder and push there"
        )
    return model_dir


def plan_deployment(
    settings: Settings, paths: RunPaths, output: str, images: Iterable[Image], *, batches: bool
) -> Deployment:
    """Returns the servers of the pushed versions of a run, which have a `models.config`.

    Args:
      settings: Settings of the run.
      paths: Its paths.
      output: The folder to which the files are written.
      images: The images.
      batches: Whether the servers join requests.
    """
    folders = (paths.serving_dir, paths.portable_dir)
    loaded = {folder: memory.largest_loaded_bytes(folder) for folder in folders}
    local = [os.path.abspath(folder) for folder in folders if not files.is_remote(folder)]
    root = os.path.commonpath(local) if local else ""
    servers = []
    for image in images:
        folder = paths.portable_dir if image.is_portable else paths.serving_dir
        is_local = not files.is_remote(folder)
        num_versions = memory.versions_at_switch(folder)
        servers.append(
            Server(
                image=image,
                base_path=base_path(folder),
                source=os.path.relpath(folder, output) if is_local else "",
                claim_path=os.path.relpath(folder, root) if is_local else "",
                arguments=_arguments(image, base_path(folder), batches=batches),
                version_mib=max(loaded[folder] // 2**20, 1),
                num_versions=num_versions,
                memory_mib=memory.memory_mib(loaded[folder], num_versions, image.memory_factor),
            )
        )
    return Deployment(
        model=settings.name,
        object_name=object_name(settings.name),
        servers=tuple(servers),
        uses_volume=any(server.source for server in servers),
        volume_gib=memory.volume_gib(
            sum(map(memory.largest_version_bytes, folders)), settings.push.keep_versions
        ),
    )


def _arguments(image: Image, folder: str, *, batches: bool) -> list[str]:
    """Returns the flags of a server. The image itself sets the ports."""
    flags = {
        "model_config_file": f"{folder}/{CONFIG_FILE}",
        "model_config_file_poll_wait_seconds": str(_CONFIG_POLL_S),
        # Otherwise no label could be set before the first version is loaded.
        "allow_version_labels_for_unavailable_models": "true",
        "monitoring_config_file": f"{CONFIG_PATH}/{MONITORING_FILE}",
    }
    if files.is_remote(folder):
        flags["model_config_file_poll_wait_seconds"] = str(_STORE_POLL_S)
        flags["file_system_poll_wait_seconds"] = str(_STORE_POLL_S)
    if image.has_health_service:
        flags["enable_grpc_healthcheck_service"] = "true"
    if batches:
        flags["enable_batching"] = "true"
        flags["batching_parameters_file"] = f"{CONFIG_PATH}/{BATCHING_FILE}"
    return [f"--{name}={value}" for name, value in flags.items()]


def health_command(model: str) -> list[str]:
    """Returns a command that succeeds while a version is served, with what the images contain.

    They are Ubuntu with bash, and without curl.

    Args:
      model: Name of the model.
    """
    request = f"GET /v1/models/{model} HTTP/1.0\\r\\n\\r\\n"
    script = (
        f"exec 3<>/dev/tcp/127.0.0.1/8501 && printf '{request}' >&3 && grep -q '\"AVAILABLE\"' <&3"
    )
    return ["bash", "-c", script]
