"""`twotower serving-config`: writes the files with which TF Serving serves a pushed model."""

import os

from components import files
from components.pusher.base_path import set_base_paths
from components.pusher.mark_unavailable import served_version_dirs
from pipeline.config import load_settings
from pipeline.console import Console
from pipeline.paths import run_paths
from pipeline.runners.read_record import read_record, recorded_settings
from pipeline.serving.tf_serving.deployment import base_path, plan_deployment
from pipeline.serving.tf_serving.folder import check_folder, write_folder
from pipeline.serving.tf_serving.images import ImageChoice, chosen_images
from pipeline.serving.tf_serving.render import FILES, render_files
from schemas.settings import Settings

_FOLDER = "serving_config"


def serving_config_command(
    source: str, output: str | None, image: ImageChoice, batches: bool, console: Console
) -> None:
    """Writes the files and prints their paths.

    The servers read the `models.config` of the pushed versions itself, so that labels stay current.
    Its base path is set to that of the containers.

    Args:
      source: Directory of a run, or a configuration, whose run may be on another machine.
      output: Folder to write; by default `serving_config` in the run directory.
      image: The images to configure.
      batches: Whether the servers join requests.
      console: Receives the paths.

    Raises:
      InputError: There is no pushed version, a twin is missing, the images cannot read the
        destination, or the folder contains files of others.
    """
    settings = _settings(source)
    paths = run_paths(settings)
    folder = output or os.path.join(paths.run_dir, _FOLDER)
    check_folder(folder, list(FILES))
    images = chosen_images(image)
    base_paths = (base_path(paths.serving_dir), base_path(paths.portable_dir))
    if any(chosen.is_portable for chosen in images):
        served_version_dirs(paths.serving_dir, paths.portable_dir)
    replaced = set_base_paths(paths.serving_dir, paths.portable_dir, *base_paths)
    deployment = plan_deployment(settings, paths, folder, images, batches=batches)
    write_folder(folder, render_files(deployment))
    for server in deployment.servers:
        console.result.write(
            f"{server.image.reference}: {server.base_path}, {server.memory_mib} MiB\n"
        )
    console.result.write("".join(f"{os.path.join(folder, name)}\n" for name in FILES))
    if replaced:
        console.progress.write(
            f"base_path in models.config was {' and '.join(replaced)}; it is now the path in the "
            "containers, and a server outside of one has to find the versions there\n"
        )


def _settings(source: str) -> Settings:
    if os.path.isfile(source) and not files.is_remote(source):
        return load_settings(source)
    return recorded_settings(source, read_record(source))
