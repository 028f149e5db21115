"""Labels of versions, in the configuration file of TF Serving.

https://www.tensorflow.org/tfx/serving/serving_config#assigning_string_labels_to_model_versions
"""

import os

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from components import files
from schemas.errors import InputError

CONFIG_FILE = "models.config"


def read_labels(folder: str, name: str) -> dict[str, int]:
    """Returns the version of each label of a model; {} without a configuration file.

    Args:
      folder: Folder of the versions, which contains the file.
      name: Name of the model. If the file describes only one model, its name does not matter.

    Raises:
      OSError: The file cannot be read.
      InputError: The file is damaged.
    """
    path = os.path.join(folder, CONFIG_FILE)
    if not files.exists(path):
        return {}
    config = model_server_config_pb2.ModelServerConfig()
    try:
        text_format.Parse(files.read_text(path), config)
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: not a ModelServerConfig of TF Serving as text: {error}"
        ) from error
    models = list(config.model_config_list.config)
    named = [model for model in models if model.name == name] or (
        models if len(models) == 1 else []
    )
    return {label: version for model in named for label, version in model.version_labels.items()}
