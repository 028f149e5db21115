"""One folder per step of the pipeline: plain logic and a thin `component.py` around it.

Kubeflow Pipelines finds a custom artifact's class by its type name, which may have one dot only:
`components.Rejects` is resolved here, without importing TFX for those who only need the logic.
"""

from importlib import import_module
from typing import Any

import schemas as schemas  # sets the Keras version before anything imports TensorFlow

_ARTIFACTS = ("Bundle", "CurrentModelInfo", "DataVerdict", "Evaluation", "Rejects", "RunReport")


def __getattr__(name: str) -> Any:
    if name in _ARTIFACTS:
        return getattr(import_module("components.artifacts"), name)
    raise AttributeError(f"module 'components' has no attribute {name!r}")
