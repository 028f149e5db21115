"""Loads a SavedModel as TF Serving does: with the TF1 loader, in one session for all requests."""

import importlib.util
import os
from typing import Any

import numpy.typing as npt
import tensorflow as tf


class ServedModel:
    """A loaded SavedModel whose signatures can be called, also from several threads.

    Attributes:
      definitions: The signature definitions by name.
    """

    def __init__(self, path: str):
        """Loads the SavedModel at `path` with the tag that TF Serving uses."""
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        with self._session.graph.as_default():
            meta_graph = tf.compat.v1.saved_model.load(
                self._session, [tf.saved_model.SERVING], path
            )
        self.definitions = dict(meta_graph.signature_def)
        self._tensors = {
            signature: (
                {name: tensor.name for name, tensor in definition.inputs.items()},
                {name: tensor.name for name, tensor in definition.outputs.items()},
            )
            for signature, definition in self.definitions.items()
        }

    def __call__(self, signature: str, inputs: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
        """Calls a signature with inputs by name; returns its outputs by name."""
        tensors, fetches = self._tensors[signature]
        return self._session.run(
            fetches, {tensors[name]: values for name, values in inputs.items()}
        )

    def close(self) -> None:
        """Releases the session and its variables, tables and index. No call may be in progress."""
        self._session.close()


def load_scann_ops() -> None:
    """Registers the ScaNN ops without importing the Python package, as a model server does.

    Raises:
      RuntimeError: The package `scann` is not installed.
    """
    spec = importlib.util.find_spec("scann")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package scann is not installed; run `make clean setup`")
    folder = next(iter(spec.submodule_search_locations))
    tf.load_op_library(os.path.join(folder, "scann_ops", "cc", "_scann_ops.so"))
