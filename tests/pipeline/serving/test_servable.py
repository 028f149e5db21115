"""One version: models that cannot be loaded."""

import shutil
from pathlib import Path

import pytest
from tensorflow.core.protobuf import saved_model_pb2

from pipeline.serving.servable import Servable
from schemas.bundle import SAVED_MODEL_FILE
from schemas.errors import InputError
from tests.pipeline.serving.test_version_switch import set_unknown_dtype


def test_a_model_of_another_tensorflow_is_an_error_that_names_it(
    models: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(models["a"], tmp_path / "7")
    file = folder / SAVED_MODEL_FILE
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    (graph,) = model.meta_graphs
    graph.meta_info_def.tensorflow_version = "9.9.9"
    graph.graph_def.library.function[0].node_def.add(name="new", op="OpOfTheFuture")
    file.write_bytes(model.SerializeToString())

    with pytest.raises(InputError, match=r"OpOfTheFuture.*written by TensorFlow 9\.9\.9"):
        Servable(str(folder), 7)


def test_a_signature_that_cannot_be_read_is_an_error_that_names_it(
    models: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(models["a"], tmp_path / "7")
    set_unknown_dtype(folder)
    with pytest.raises(InputError, match=r"7: 'k' of the signature 'recommend': .*999"):
        Servable(str(folder), 7)
