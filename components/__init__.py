"""One package per step of the pipeline: plain logic and a thin `component.py` around it.

Kubeflow Pipelines finds the class of a custom artifact by its type name, which may contain only one
dot. `components.Rejects` is therefore resolved here, lazily, so that importing the logic of a step
does not import TFX.
"""

from importlib import import_module
from typing import Any

import schemas as schemas  # sets the Keras version before anything imports TensorFlow

_ARTIFACTS = ("Bundle", "CurrentModelInfo", "DataVerdict", "Evaluation", "Rejects", "RunReport")


def __getattr__(name: str) -> Any:
    if name in _ARTIFACTS:
        return getattr(import_module("components.artifacts"), name)
    raise AttributeError(f"module 'components' has no attribute {name!r}")
