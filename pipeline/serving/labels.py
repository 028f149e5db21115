"""The labels of the versions that a server serves, in the configuration file of TF Serving.

https://www.tensorflow.org/tfx/serving/serving_config#assigning_string_labels_to_model_versions
"""

from components.pusher.models_config import read_config


def read_labels(folder: str, name: str) -> dict[str, int]:
    """Returns the version of each label of a model; {} without a configuration file.

    The file may also be one that this pipeline would not change, such as that of another name.

    Args:
      folder: Folder of the versions, which contains the file.
      name: Name of the model. If the file describes only one model, its name does not matter.

    Raises:
      OSError: The file cannot be read.
      InputError: The file cannot be parsed.
    """
    config = read_config(folder)
    models = list(config.model_config_list.config) if config else []
    named = [model for model in models if model.name == name] or (
        models if len(models) == 1 else []
    )
    return {label: version for model in named for label, version in model.version_labels.items()}
