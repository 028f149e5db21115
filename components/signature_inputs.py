"""Gives the inputs of served signatures the user's names of the features.

TensorFlow can trace and export only inputs whose names are names of operations in a graph, in which
upper and lower case do not differ. So signatures are traced with the names of their specs, in which
features have their keys (`schemas.serving`). In Python, these are also the arguments of a loaded
signature. The names of requests are written into the definitions of the served signatures, which
TF Serving reads.
"""

import os
from collections.abc import Callable, Mapping
from typing import TypeVar

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from components import files
from schemas import serving_specs

Values = TypeVar("Values")

_SAVED_MODEL = "saved_model.pb"
# A checksum of the SavedModel as TensorFlow wrote it. It is optional.
_FINGERPRINT = "fingerprint.pb"


def trace_signature(
    function: Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]], specs: serving_specs.Specs
) -> tf.types.experimental.ConcreteFunction:
    """Traces the function of a signature.

    Args:
      function: Takes the inputs by the names of requests, and returns the outputs.
      specs: The inputs by the names of requests.

    Returns:
      A function whose arguments have the names of the specs.
    """

    @tf.function(autograph=False)
    def serve(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return function({name: inputs[spec.name] for name, spec in specs.items()})

    return serve.get_concrete_function(**{spec.name: spec for spec in specs.values()})


def by_traced_name(inputs: Mapping[str, Values], specs: serving_specs.Specs) -> dict[str, Values]:
    """Returns the inputs of `specs` with the names that `trace_signature` gave them."""
    return {spec.name: inputs[name] for name, spec in specs.items()}


def name_served_inputs(path: str, signatures: Mapping[str, serving_specs.Specs]) -> None:
    """Gives the inputs of the served signatures of a SavedModel the names of requests.

    Args:
      path: The folder of the SavedModel. It does not change if all names are those of the specs.
      signatures: The inputs of each signature.
    """
    if all(spec.name == name for specs in signatures.values() for name, spec in specs.items()):
        return
    file = os.path.join(path, _SAVED_MODEL)
    saved = saved_model_pb2.SavedModel.FromString(files.read_bytes(file))
    for graph in saved.meta_graphs:
        for signature, specs in signatures.items():
            _rename(graph.signature_def[signature], specs)
    files.write_bytes(file, saved.SerializeToString(deterministic=True))
    fingerprint = os.path.join(path, _FINGERPRINT)
    if files.exists(fingerprint):
        files.remove_file(fingerprint)


def _rename(definition: meta_graph_pb2.SignatureDef, specs: serving_specs.Specs) -> None:
    traced = meta_graph_pb2.SignatureDef.FromString(definition.SerializeToString()).inputs
    definition.inputs.clear()
    for name, spec in specs.items():
        definition.inputs[name].CopyFrom(traced[spec.name])
