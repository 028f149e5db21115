"""The inputs of an exported signature have any names."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.indexer.probe.served_model import ServedModel
from components.signature_inputs import by_traced_name, name_served_inputs, trace_signature
from schemas import serving_specs
from schemas.feature_names import feature_keys
from schemas.features import RESERVED_KEYS
from tests.pipeline.feature_names.hostile_names import hostile_names

SIGNATURE = "numbers"


def save(names: tuple[str, ...], folder: Path) -> serving_specs.Specs:
    """Saves a signature that adds the index of each input to it."""
    keys = feature_keys(names, RESERVED_KEYS)
    specs = {name: tf.TensorSpec([None], tf.float32, keys[name]) for name in names}

    def add_index(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {f"output_{i}": inputs[name] + float(i) for i, name in enumerate(names)}

    signatures = {SIGNATURE: trace_signature(add_index, specs)}
    tf.saved_model.save(tf.Module(), str(folder), signatures)
    return specs


def check(names: tuple[str, ...], outputs: dict[str, npt.NDArray[np.float32]]) -> None:
    assert [float(outputs[f"output_{i}"][0]) for i in range(len(names))] == [
        2.0 * i for i in range(len(names))
    ]


def test_a_server_takes_the_names_and_python_the_keys(tmp_path: Path) -> None:
    names = hostile_names()
    specs = save(names, tmp_path)
    inputs = {name: np.array([float(i)], np.float32) for i, name in enumerate(names)}

    name_served_inputs(str(tmp_path), {SIGNATURE: specs})

    check(names, ServedModel(str(tmp_path))(SIGNATURE, inputs))
    loaded = tf.saved_model.load(str(tmp_path)).signatures[SIGNATURE]
    tensors = {key: tf.constant(x) for key, x in by_traced_name(inputs, specs).items()}
    check(names, {name: x.numpy() for name, x in loaded(**tensors).items()})


def test_a_model_with_plain_names_does_not_change(tmp_path: Path) -> None:
    specs = save(("price", "age"), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    name_served_inputs(str(tmp_path), {SIGNATURE: specs})

    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before
