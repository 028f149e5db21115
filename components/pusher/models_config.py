"""`models.config`: the labels of the versions, in the file that configures TF Serving.

It is a ModelServerConfig in text form, in the folder of the versions:
https://github.com/tensorflow/serving/blob/2.16.1/tensorflow_serving/config/model_server_config.proto

A server moves a label only to a version that it has loaded, and rejects the whole file otherwise,
so that a policy that names versions would keep the next version from ever being loaded:
https://github.com/tensorflow/serving/blob/2.16.1/tensorflow_serving/model_servers/server_core.cc
The policy is therefore `latest`, with the number of versions from the newest to the oldest with a
label, and one more: the next version is loaded in addition, and its label can then be moved.
"""

import os
from collections.abc import Mapping
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from components import files
from components.pusher.unavailable_lists import PARTIAL_SUFFIX
from components.pusher.versions import canonical_path
from schemas.errors import InputError

CONFIG_FILE = "models.config"
# What a server loads: the version that serves, and the next or the previous one.
_FEWEST_LOADED = 2


def config_path(model_dir: str) -> str:
    """Returns the path of the file of a folder of versions."""
    return os.path.join(model_dir, CONFIG_FILE)


def partial_config_path(model_dir: str) -> str:
    """Returns the path to which the file is written before it is renamed."""
    return os.path.join(model_dir, f".{CONFIG_FILE}{PARTIAL_SUFFIX}")


def read_labels(model_dir: str) -> dict[str, int]:
    """Returns the versions of the labels in `models.config`; {} if there is no such file.

    Raises:
      InputError: The file is not a configuration of this model that this pipeline could change.
    """
    config = read_config(model_dir)
    return dict(_model(config, model_dir).version_labels) if config else {}


def num_loaded(model_dir: str) -> int | None:
    """Returns how many of the newest versions a server loads; None for all of them.

    Raises:
      InputError: The file is not a configuration of this model that this pipeline could change.
    """
    config = read_config(model_dir)
    if config is None:
        return 1
    policy = _model(config, model_dir).model_version_policy
    return None if policy.HasField("all") else max(policy.latest.num_versions, 1)


def write_labels(model_dir: str, labels: Mapping[str, int], versions: list[int]) -> None:
    """Replaces the labels in `models.config` atomically; creates the file if it does not exist.

    All else in an existing file is kept, such as the base path that a server uses and the entries
    of other models, except for comments. So is the policy `all`. A file that would not change is
    not written.

    Args:
      model_dir: Folder of the versions.
      labels: The versions of the labels.
      versions: The versions that servers see, oldest first.

    Raises:
      InputError: The file is not a configuration of this model that this pipeline could change.
    """
    before = read_config(model_dir)
    config = _new_config(model_dir)
    if before is not None:
        config.CopyFrom(before)
    model = _model(config, model_dir)
    model.version_labels.clear()
    model.version_labels.update(labels)
    if not model.model_version_policy.HasField("all"):
        oldest = min(labels.values(), default=0)
        labelled = sum(version >= oldest for version in versions) if labels else 0
        model.model_version_policy.latest.num_versions = max(labelled + 1, _FEWEST_LOADED)
    if config != before:
        _write(model_dir, config)


def replace_base_path(model_dir: str, base_path: str) -> str:
    """Replaces the path at which a server finds the versions, and returns the one before.

    Raises:
      InputError: There is no file, or it is not a configuration of this model that this pipeline
        could change.
    """
    config = read_config(model_dir)
    if config is None:
        raise InputError(f"{config_path(model_dir)}: no such file; push a version first")
    model = _model(config, model_dir)
    before = str(model.base_path)
    if before != base_path:
        model.base_path = base_path
        _write(model_dir, config)
    return before


def _write(model_dir: str, config: Any) -> None:
    text = text_format.MessageToString(config)
    if text_format.Parse(text, ModelServerConfig()) != config:
        raise ValueError(f"{config_path(model_dir)}: the text is not the configuration: {text}")
    if files.is_remote(model_dir):
        files.write_text(config_path(model_dir), text)  # An object appears as a whole.
    else:
        files.write_text(partial_config_path(model_dir), text)
        files.replace(partial_config_path(model_dir), config_path(model_dir))


def _new_config(model_dir: str) -> Any:
    config = ModelServerConfig()
    model = config.model_config_list.config.add()
    model.name = _name(model_dir)
    model.base_path = canonical_path(model_dir)
    model.model_platform = "tensorflow"
    return config


def _name(model_dir: str) -> str:
    return os.path.basename(model_dir.rstrip("/"))


def read_config(model_dir: str) -> Any:
    """Returns the ModelServerConfig in a folder of versions; None if there is no such file.

    Raises:
      InputError: The file cannot be parsed.
    """
    path = config_path(model_dir)
    if not files.exists(path):
        return None
    try:
        return text_format.Parse(files.read_text(path), ModelServerConfig())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is not a ModelServerConfig of TensorFlow Serving in text form ({error}); "
            "correct it, or move it elsewhere and label the versions again (`twotower label`)"
        ) from error


def _model(config: Any, model_dir: str) -> Any:
    """Returns the entry of this model."""
    path, name = config_path(model_dir), _name(model_dir)
    models = [model for model in config.model_config_list.config if model.name == name]
    if len(models) != 1:
        raise InputError(
            f"{path} has {len(models)} entries for the model {name!r} in its model_config_list, "
            "expected one; correct it, or move it elsewhere and label the versions again "
            "(`twotower label`)"
        )
    if models[0].model_version_policy.HasField("specific"):
        raise InputError(
            f"{path} names the versions that a server loads (model_version_policy.specific), and "
            "the server would therefore never load another one; remove the policy, which the next "
            "command replaces, or set it to `all {}`"
        )
    return models[0]
