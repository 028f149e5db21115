"""Reads what a run has stored: `python -m tests.pipeline.runners.read_artifacts RUN`.

Prints JSON: the executions in ML Metadata, a digest of every Examples artifact, and what every
transform graph makes of its first examples.
"""

import hashlib
import json
import sys
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import schemas  # noqa: F401 - sets the Keras version before TensorFlow is imported

# isort: split
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata

# The examples that each transform graph was computed from.
SOURCES = {
    "WindowsTransform": "InteractionExampleGen/windows/*/Split-train",
    "CatalogueTransform": "CatalogueExampleGen/examples/*/Split-catalogue",
}
_NUM_EXAMPLES = 16


def read_metadata(path: Path) -> dict[str, int]:
    """Returns the number of executions by their type and state."""
    store = metadata_store.MetadataStore(metadata.sqlite_metadata_connection_config(str(path)))
    types = {kind.id: kind.name for kind in store.get_execution_types()}
    states = mlmd.Execution.State.Name
    counts = Counter(
        f"{types[e.type_id].rpartition('.')[2]} {states(e.last_known_state)}"
        for e in store.get_executions()
    )
    return dict(sorted(counts.items()))


def read_records(folder: Path) -> list[bytes]:
    """Returns the records of all shards in a folder, in the order of the file names."""
    files = sorted(str(path) for path in folder.glob("*.gz"))
    return list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())


def digest(records: list[bytes]) -> str:
    """Returns the number of records and a hash of them."""
    return f"{len(records)} {hashlib.sha256(b''.join(records)).hexdigest()[:16]}"


def transformed(graph: Path, records: list[bytes]) -> dict[str, list[float]]:
    """Returns the outputs of a transform graph as the shape and the sum of each feature."""
    output = tft.TFTransformOutput(str(graph))
    parsed = tf.io.parse_example(records[:_NUM_EXAMPLES], output.raw_feature_spec())
    features = output.transform_features_layer()(parsed)
    return {name: _summary(value) for name, value in sorted(features.items())}


def _summary(value: Any) -> list[float]:
    flat = value.values if isinstance(value, tf.SparseTensor) else value
    array = np.asarray(flat)
    if array.dtype == object:
        array = np.array([zlib.crc32(text) for text in array.ravel()]).reshape(array.shape)
    return [*map(float, array.shape), float(array.sum(dtype=np.float64))]


def main() -> None:
    """Prints what the run directory in the first argument contains."""
    run_dir = Path(sys.argv[1])
    root = run_dir / "pipeline_root"
    splits = sorted({path.parent for path in root.glob("*/*/*/Split-*/*.gz")})
    result: dict[str, Any] = {
        "executions": read_metadata(run_dir / "metadata.sqlite"),
        "examples": {str(path.relative_to(root)): digest(read_records(path)) for path in splits},
        "transformed": {
            str(graph.relative_to(root)): transformed(graph, read_records(min(root.glob(source))))
            for node, source in SOURCES.items()
            for graph in sorted(root.glob(f"{node}/transform_graph/*"))
        },
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
