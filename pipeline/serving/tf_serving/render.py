"""Renders the files of a deployment."""

import hashlib
from pathlib import Path
from typing import Any

import jinja2
import yaml

from pipeline.serving.tf_serving.deployment import (
    BATCHING_FILE,
    CONFIG_PATH,
    METRICS_PATH,
    MONITORING_FILE,
    Deployment,
    Server,
    health_command,
)
from pipeline.serving.tf_serving.memory import SERVER_MIB

COMPOSE_FILE = "compose.yaml"
KUBERNETES_FILE = "kubernetes.yaml"
FILES = (BATCHING_FILE, MONITORING_FILE, COMPOSE_FILE, KUBERNETES_FILE)
# The first line of every file, by which a later call recognises the files that it wrote.
WRITTEN_BY = "Written by `twotower serving-config`."
# CPUs that Kubernetes reserves for a server, and threads that run batches.
_CPUS = 2
# The default of `Limits.rows`, whose module imports TensorFlow.
_BATCH_ROWS = 512


def render_files(deployment: Deployment) -> dict[str, str]:
    """Returns the text of each file by its name."""
    environment = _environment()

    def render(name: str, **values: Any) -> str:
        return environment.get_template(f"{name}.j2").render(values)

    configs = {
        BATCHING_FILE: render(BATCHING_FILE, batch_rows=_BATCH_ROWS),
        MONITORING_FILE: render(MONITORING_FILE),
    }
    values = {**vars(deployment), "health_command": health_command(deployment.model)}
    compose = render(COMPOSE_FILE, **values)
    kubernetes = render(
        KUBERNETES_FILE,
        **values,
        config_files=configs,
        config_digest=_digest(configs),
        status_path=f"/v1/models/{deployment.model}",
    )
    return {**configs, COMPOSE_FILE: compose, KUBERNETES_FILE: kubernetes}


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "quoted": _quoted,
        "compose": _compose_quoted,
        "memory_note": _memory_note,
    }
    environment.globals |= {
        "written_by": WRITTEN_BY,
        "metrics_path": METRICS_PATH,
        "config_path": CONFIG_PATH,
        "cpus": _CPUS,
    }
    return environment


def _quoted(text: str) -> str:
    """Returns a text as a YAML scalar on one line, which no parser takes for another type."""
    dumped: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=float("inf"))
    return dumped.rstrip("\n")


def _compose_quoted(text: str) -> str:
    """Returns a text as a YAML scalar in which Compose replaces no variables."""
    return _quoted(text.replace("$", "$$"))


def _memory_note(server: Server) -> str:
    factor = f"{server.image.memory_factor:g}"
    return (
        f"{SERVER_MIB} MiB + {server.num_versions} versions at a switch * {factor} * "
        f"{server.version_mib} MiB on disk"
    )


def _digest(configs: dict[str, str]) -> str:
    return hashlib.sha256("\0".join(configs.values()).encode()).hexdigest()[:16]
