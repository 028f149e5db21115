"""What an index of a given size costs: to build, to save, to load and to ask.

    python -m benchmarks.index_ceiling [--items 100000]... [--dim 64] [--seed 1] [--json FILE]

The vectors are those of `benchmarks.retrieval`. An index is built once, by the plan for its size,
the way of asking it is tuned to recall@100 0.99 by half of the queries, and it is saved twice:
alone, and with the retrieval around it and the table of item ids, but without towers. Building and
serving are processes of their own, loaded as TF Serving loads; memory is what a process has in RAM
above what it had before, and at its peak. Recall and times are those of the other half. Prints a
table.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.environment import environment

SIZES = (100_000, 1_000_000, 5_000_000)
STAGES = ("build", "searcher", "serve")
_NUM_QUERIES, _K, _FETCH = 512, 100, 200
_BATCH = _NUM_QUERIES // 2
_ITEM = b"item%09d"
_MIB = 1 << 20


def main() -> int:
    """Prints the table; the stages run this program again, in processes of their own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.index_ceiling")
    parser.add_argument("--items", type=int, nargs="+", default=SIZES)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="file for all measurements")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        stage = {"build": build, "searcher": searcher, "serve": serve}[options.stage]
        measured = stage(options.folder, options.items[0], options.dim, options.seed)
        (options.folder / f"{options.stage}.json").write_text(json.dumps(measured))
        return 0
    rows = [_measure(num_items, options.dim, options.seed) for num_items in options.items]
    print(table(rows))
    if options.json:
        told = {"sizes": rows, **environment(["tensorflow", "scann"])}
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


def _measure(num_items: int, dim: int, seed: int) -> dict[str, Any]:
    measured: dict[str, Any] = {
        "items": num_items,
        "dim": dim,
        "vectors_mib": num_items * dim * 4 / _MIB,
    }
    with tempfile.TemporaryDirectory() as folder:
        for stage in STAGES:
            size = ["--items", str(num_items), "--dim", str(dim), "--seed", str(seed)]
            program = [sys.executable, "-m", "benchmarks.index_ceiling", *size]
            subprocess.run([*program, "--stage", stage, "--folder", folder], check=True)
            measured |= json.loads(Path(folder, f"{stage}.json").read_text())
    return measured


def build(folder: Path, num_items: int, dim: int, seed: int) -> dict[str, float]:
    """Builds, tunes and saves an index, and keeps queries for `serve`."""
    import numpy as np
    import tensorflow as tf

    from benchmarks.retrieval import measure as retrieval_measure
    from benchmarks.retrieval.data import UNNORMALISED, generate
    from components.indexer.search.exact import ExactSearch
    from components.indexer.search.item_table import ItemTable
    from components.indexer.search.plan import make_plan
    from components.indexer.search.quality import Queries
    from components.indexer.search.retrieval import Retrieval
    from components.indexer.search.tune import Task, tune
    from components.indexer.search.unavailable import Availability
    from schemas.model_settings import IndexSettings

    vectors = generate(UNNORMALISED, num_items, _NUM_QUERIES, dim, seed)
    chosen_by, asked = vectors.halves()
    np.save(folder / "queries.npy", asked)
    np.save(folder / "wanted.npy", retrieval_measure.ExactSearch(vectors.items)(asked, _K))
    exact = ExactSearch(tf.Variable(vectors.items, trainable=False, name="embedding"))
    del vectors
    started = time.perf_counter()
    settings = IndexSettings(k=_K, max_k=_K)
    nothing_excluded = np.zeros((len(chosen_by), 0), np.int32)
    task = Task(exact, Queries(chosen_by, nothing_excluded), settings, _FETCH, seconds=0.0)
    search = tune(make_plan(num_items, settings), task).search
    build_seconds = time.perf_counter() - started
    started = time.perf_counter()
    items = ItemTable(np.array([_ITEM % row for row in range(num_items)], object))
    retrieval = Retrieval(search, exact, {}, Availability(items))

    @tf.function(autograph=False)
    def answer(query: tf.Tensor) -> dict[str, tf.Tensor]:
        batch = tf.shape(query)[0]
        nothing = tf.zeros([batch, 0], tf.int32)
        k = tf.fill([batch], _K)
        rows, scores = retrieval(query, nothing, k, tf.constant(_K), tf.constant(_FETCH), {})
        return {"item_id": items.ids(rows), "score": scores}

    module = tf.Module(name="index")
    module.parts = [retrieval, items]
    signature = answer.get_concrete_function(tf.TensorSpec([None, dim], tf.float32, "query"))
    tf.saved_model.save(module, str(folder / "model"), signature)
    save_seconds = time.perf_counter() - started
    _save_alone(search, dim, folder / "searcher")
    files = [path for path in (folder / "model").rglob("*") if path.is_file()]
    return {
        "build_seconds": build_seconds,
        "save_seconds": save_seconds,
        "build_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "disk_mib": sum(path.stat().st_size for path in files) / _MIB,
    }


def _save_alone(search: Any, dim: int, folder: Path) -> None:
    import tensorflow as tf

    @tf.function(autograph=False)
    def answer(query: tf.Tensor) -> dict[str, tf.Tensor]:
        rows, scores = search(query, tf.constant(_FETCH))
        return {"row": rows, "score": scores}

    module = tf.Module(name="searcher")
    module.part = search
    signature = answer.get_concrete_function(tf.TensorSpec([None, dim], tf.float32, "query"))
    tf.saved_model.save(module, str(folder), signature)


def searcher(folder: Path, num_items: int, dim: int, seed: int) -> dict[str, float]:
    """Loads the vectors and ScaNN's searcher, without item ids."""
    import numpy as np

    from components.indexer.probe.run import resident_bytes
    from components.indexer.probe.served import ServedModel, load_scann_ops

    del num_items, dim, seed
    load_scann_ops()
    queries = np.load(folder / "queries.npy")
    before = resident_bytes()
    model = ServedModel(str(folder / "searcher"))
    model("serving_default", {"query": queries[:1]})
    return {"searcher_mib": (resident_bytes() - before) / _MIB}


def serve(folder: Path, num_items: int, dim: int, seed: int) -> dict[str, float]:
    """Loads the model, and asks it one query at a time and all at once."""
    import numpy as np

    from benchmarks.retrieval.measure import recall
    from components.indexer.probe.run import resident_bytes
    from components.indexer.probe.served import ServedModel, load_scann_ops

    del num_items, dim, seed
    load_scann_ops()
    queries = np.load(folder / "queries.npy")
    before = resident_bytes()
    started = time.perf_counter()
    model = ServedModel(str(folder / "model"))
    name = "serving_default"
    model(name, {"query": queries[:1]})
    load_seconds = time.perf_counter() - started
    seconds = []
    for row in range(len(queries)):
        started = time.perf_counter()
        model(name, {"query": queries[row : row + 1]})
        seconds.append(time.perf_counter() - started)
    started = time.perf_counter()
    answer = model(name, {"query": queries})
    batch_seconds = time.perf_counter() - started
    found = np.vectorize(lambda item: int(item.removeprefix(_ITEM[:4])))(answer["item_id"])
    return {
        "recall": recall(found, np.load(folder / "wanted.npy")),
        "load_seconds": load_seconds,
        "memory_mib": (resident_bytes() - before) / _MIB,
        "query_ms": float(np.median(seconds)) * 1000,
        "batch_query_ms": batch_seconds / len(queries) * 1000,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """A Markdown table, a row a size."""
    heads = [
        "items",
        "build and tune, s",
        "peak, MiB",
        "save, s",
        "disk, MiB",
        "× vectors",
        "load, s",
        "searcher in memory, MiB",
        "× vectors",
        "with ids, MiB",
        f"recall@{_K}",
        "one query, ms",
        f"in a batch of {_BATCH}, ms",
    ]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in rows:
        vectors = row["vectors_mib"]
        cells = [
            f"{row['items']:,} × {row['dim']}",
            f"{row['build_seconds']:.1f}",
            f"{row['build_peak_mib']:,.0f}",
            f"{row['save_seconds']:.1f}",
            f"{row['disk_mib']:,.0f}",
            f"{row['disk_mib'] / vectors:.2f}",
            f"{row['load_seconds']:.1f}",
            f"{row['searcher_mib']:,.0f}",
            f"{row['searcher_mib'] / vectors:.2f}",
            f"{row['memory_mib']:,.0f}",
            f"{row['recall']:.4f}",
            f"{row['query_ms']:.3f}",
            f"{row['batch_query_ms']:.3f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
