"""A SavedModel held as TF Serving holds it: the TF1 loader and one session for all requests."""

import importlib.util
import os
from typing import Any

import numpy as np
import tensorflow as tf


class ServedModel:
    """Answers requests of any signature."""

    def __init__(self, path: str):
        """Loads the SavedModel at `path` with the tag that TF Serving asks for."""
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        with self._session.graph.as_default():
            meta_graph = tf.compat.v1.saved_model.load(
                self._session, [tf.saved_model.SERVING], path
            )
        self._signatures = meta_graph.signature_def

    def __call__(self, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        """Runs one request; names are those of the signature."""
        definition = self._signatures[signature]
        feeds = {definition.inputs[name].name: values for name, values in inputs.items()}
        fetches = {name: tensor.name for name, tensor in definition.outputs.items()}
        return self._session.run(fetches, feeds)


def load_scann_ops() -> None:
    """Registers the ScaNN op alone, without its Python package, as a model server does.

    Raises:
      RuntimeError: The package `scann` is not installed.
    """
    spec = importlib.util.find_spec("scann")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package scann is not installed: install requirements.lock")
    folder = next(iter(spec.submodule_search_locations))
    tf.load_op_library(os.path.join(folder, "scann_ops", "cc", "_scann_ops.so"))
