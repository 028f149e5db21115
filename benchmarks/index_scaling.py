"""Time, memory and disk space of building, saving, loading and searching an index, by size.

    python -m benchmarks.index_scaling [--items 100000 1000000] [--dim 64] [--seed 1] [--json FILE]

The vectors are generated as in `benchmarks.retrieval`. An index is built once with the default plan
for its size. Its search parameters are tuned to a recall@100 of 0.99 on half of the queries; recall
and search times are measured on the other half. The index is saved twice: alone, and with the
retrieval around it and the table of item ids, but without towers. Building and serving run in
separate processes and load models as TF Serving does. Memory is what a process adds in RAM while it
loads and searches; the build reports its peak. Prints a table.
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
BUILD, LOAD_SEARCHER, SERVE = "build", "searcher", "serve"
STAGES = (BUILD, LOAD_SEARCHER, SERVE)
_NUM_QUERIES, _K, _FETCH = 512, 100, 200
_BATCH = _NUM_QUERIES // 2
_ITEM_ID_PREFIX = "item"
_MIB = 1 << 20


def main() -> int:
    """Prints the table; each stage starts this program again, in its own process."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.index_scaling", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--items", type=int, nargs="+", default=SIZES, help="numbers of items")
    parser.add_argument("--dim", type=int, default=64, help="embedding size (default %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the vectors (default %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to this file")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        measured = _run_stage(options)
        (options.folder / f"{options.stage}.json").write_text(json.dumps(measured))
        return 0
    rows = [_measure(num_items, options.dim, options.seed) for num_items in options.items]
    print(table(rows))
    if options.json:
        result = {"sizes": rows, **environment(["tensorflow", "scann"])}
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
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
            program = [sys.executable, "-m", "benchmarks.index_scaling", *size]
            subprocess.run([*program, "--stage", stage, "--folder", folder], check=True)
            measured |= json.loads(Path(folder, f"{stage}.json").read_text())
    return measured


def _run_stage(options: argparse.Namespace) -> dict[str, float]:
    # The stages import TensorFlow themselves: the parent process stays small.
    if options.stage == BUILD:
        (num_items,) = options.items
        return build(options.folder, num_items, options.dim, options.seed)
    if options.stage == LOAD_SEARCHER:
        return load_searcher(options.folder)
    return serve(options.folder)


def build(folder: Path, num_items: int, dim: int, seed: int) -> dict[str, float]:
    """Builds, tunes and saves an index, and saves queries with their exact results for `serve`.

    Args:
      folder: Where the files go.
      num_items: Number of items.
      dim: Embedding size.
      seed: Seed of the vectors.

    Returns:
      Seconds of build and save, peak memory and disk space in MiB.
    """
    import numpy as np
    import tensorflow as tf

    from benchmarks.retrieval.data import UNNORMALISED, generate
    from benchmarks.retrieval.measure import NumpyExactSearch
    from components.indexer.search.conditions import Conditions, ConditionSearch
    from components.indexer.search.exact import ExactSearch
    from components.indexer.search.item_table import ItemTable
    from components.indexer.search.query_parameters import TuningTask
    from components.indexer.search.recall_latency import TuningQueries
    from components.indexer.search.retrieval import Retrieval
    from components.indexer.search.search_plan import initial_plan
    from components.indexer.search.tune import tune
    from components.indexer.search.unavailable_items import UnavailableItems
    from schemas.serving_settings import IndexSettings

    vectors = generate(UNNORMALISED, num_items, _NUM_QUERIES, dim, seed)
    tuning_queries, test_queries = vectors.halves()
    np.save(folder / "queries.npy", test_queries)
    np.save(folder / "exact_rows.npy", NumpyExactSearch(vectors.items)(test_queries, _K))
    exact = ExactSearch(tf.Variable(vectors.items, trainable=False, name="embedding"))
    del vectors
    begin = time.perf_counter()
    settings = IndexSettings(k=_K, max_k=_K)
    nothing_excluded = np.zeros((len(tuning_queries), 0), np.int32)
    task = TuningTask(
        exact, TuningQueries(tuning_queries, nothing_excluded), settings, _FETCH, seconds=0.0
    )
    search = tune(initial_plan(num_items, settings), task).main.search
    build_seconds = time.perf_counter() - begin
    begin = time.perf_counter()
    item_ids = [f"{_ITEM_ID_PREFIX}{row:09d}".encode() for row in range(num_items)]
    items = ItemTable(np.array(item_ids, object))
    retrieval = Retrieval(search, exact, ConditionSearch(exact.num_items), UnavailableItems(items))

    @tf.function(autograph=False)
    def retrieve(query: tf.Tensor) -> dict[str, tf.Tensor]:
        batch = tf.shape(query)[0]
        excluded = tf.zeros([batch, 0], tf.int32)
        k = tf.fill([batch], _K)
        width, fetch = tf.constant(_K), tf.constant(_FETCH)
        rows, scores = retrieval(query, excluded, k, width, fetch, Conditions())
        return {"item_id": items.ids(rows), "score": scores}

    module = tf.Module(name="index")
    module.parts = [retrieval, items]
    signature = retrieve.get_concrete_function(tf.TensorSpec([None, dim], tf.float32, "query"))
    tf.saved_model.save(module, str(folder / "model"), signature)
    save_seconds = time.perf_counter() - begin
    _save_searcher(search, dim, folder / "searcher")
    files = [path for path in (folder / "model").rglob("*") if path.is_file()]
    return {
        "build_seconds": build_seconds,
        "save_seconds": save_seconds,
        "build_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "disk_mib": sum(path.stat().st_size for path in files) / _MIB,
    }


def _save_searcher(search: Any, dim: int, folder: Path) -> None:
    import tensorflow as tf

    @tf.function(autograph=False)
    def find(query: tf.Tensor) -> dict[str, tf.Tensor]:
        rows, scores = search(query, tf.constant(_FETCH))
        return {"row": rows, "score": scores}

    module = tf.Module(name="searcher")
    module.part = search
    signature = find.get_concrete_function(tf.TensorSpec([None, dim], tf.float32, "query"))
    tf.saved_model.save(module, str(folder), signature)


def load_searcher(folder: Path) -> dict[str, float]:
    """Loads the saved index without item ids and returns the memory that it takes, in MiB."""
    import numpy as np

    from components.indexer.probe.run import resident_bytes
    from components.indexer.probe.served_model import ServedModel, load_scann_ops

    load_scann_ops()
    queries = np.load(folder / "queries.npy")
    before = resident_bytes()
    model = ServedModel(str(folder / "searcher"))
    model("serving_default", {"query": queries[:1]})
    return {"searcher_mib": (resident_bytes() - before) / _MIB}


def serve(folder: Path) -> dict[str, float]:
    """Loads the saved index with item ids and runs the queries, one by one and as one batch.

    Returns:
      Recall@k in 0…1, seconds to load, memory in MiB, and milliseconds per query.
    """
    import numpy as np

    from benchmarks.retrieval.measure import recall
    from components.indexer.probe.run import resident_bytes
    from components.indexer.probe.served_model import ServedModel, load_scann_ops

    load_scann_ops()
    queries = np.load(folder / "queries.npy")
    before = resident_bytes()
    begin = time.perf_counter()
    model = ServedModel(str(folder / "model"))
    name = "serving_default"
    model(name, {"query": queries[:1]})
    load_seconds = time.perf_counter() - begin
    seconds = []
    for row in range(len(queries)):
        begin = time.perf_counter()
        model(name, {"query": queries[row : row + 1]})
        seconds.append(time.perf_counter() - begin)
    begin = time.perf_counter()
    answer = model(name, {"query": queries})
    batch_seconds = time.perf_counter() - begin
    to_row = np.vectorize(lambda item_id: int(item_id.decode().removeprefix(_ITEM_ID_PREFIX)))
    return {
        "recall": recall(to_row(answer["item_id"]), np.load(folder / "exact_rows.npy")),
        "load_seconds": load_seconds,
        "memory_mib": (resident_bytes() - before) / _MIB,
        "query_ms": float(np.median(seconds)) * 1000,
        "batch_query_ms": batch_seconds / len(queries) * 1000,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Returns a Markdown table with one line per size."""
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
        f"per query in a batch of {_BATCH}, ms",
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
