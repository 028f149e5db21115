"""Answers recorded requests with TensorFlow only, as TF Serving does, without this project.

`python -I model_server.py JOBS` runs with any TensorFlow version. JOBS is a JSON file with `scann`,
whether to register the ScaNN ops, and a list of `jobs`, each with the folder of a `model`, a file
of PredictionLogs (`requests`) and a file to write (`answers`): a pickled dict of the `tensorflow`
version and the `answers`, pairs of signature and outputs.
"""

import importlib.util
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

tf1 = tf.compat.v1


def load_scann_ops() -> None:
    """Registers the ScaNN ops without importing the package, which a model server does not have."""
    spec = importlib.util.find_spec("scann")
    assert spec is not None, "scann is not installed"
    assert spec.origin is not None
    tf.load_op_library(str(Path(spec.origin).parent / "scann_ops" / "cc" / "_scann_ops.so"))


def replay(model: str, requests: str) -> list[tuple[str, dict[str, Any]]]:
    """Answers each PredictLog of the file `requests` in one session of the TF1 loader."""
    answers = []
    with tf1.Session(graph=tf.Graph()) as session:
        signatures = tf1.saved_model.loader.load(session, ["serve"], model).signature_def
        for record in tf1.io.tf_record_iterator(requests):
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            name = request.model_spec.signature_name
            inputs, outputs = signatures[name].inputs, signatures[name].outputs
            feeds = {inputs[key].name: tf.make_ndarray(request.inputs[key]) for key in inputs}
            fetches = {key: tensor.name for key, tensor in outputs.items()}
            answers.append((name, session.run(fetches, feeds)))
    return answers


def main() -> None:
    arguments = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if arguments["scann"]:
        load_scann_ops()
    for job in arguments["jobs"]:
        answered = {
            "tensorflow": tf.__version__,
            "answers": replay(job["model"], job["requests"]),
        }
        Path(job["answers"]).write_bytes(pickle.dumps(answered))
    assert "scann" not in sys.modules


if __name__ == "__main__":
    main()
