"""The search methods that are compared, by name; a module each, imported when it is asked for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module

from benchmarks.retrieval.peers.peer import Peer, Task
from schemas.errors import InputError

REQUIREMENTS = "benchmarks/requirements-retrieval.txt"


@dataclass(frozen=True)
class Method:
    """Where a method is: `function` of `module` gives what it builds for a task."""

    module: str
    function: str
    distributions: tuple[str, ...]


_FAISS = "benchmarks.retrieval.peers.of_faiss"
METHODS: dict[str, Method] = {
    "twotower": Method("benchmarks.retrieval.ours", "ours", ("scann", "tensorflow")),
    "faiss IVF-Flat": Method(_FAISS, "ivf_flat", ("faiss-cpu",)),
    "faiss IVF-SQ8": Method(_FAISS, "ivf_sq8", ("faiss-cpu",)),
    "faiss IVF-PQ fast scan": Method(_FAISS, "ivf_pq_fast_scan", ("faiss-cpu",)),
    "faiss HNSW": Method(_FAISS, "hnsw", ("faiss-cpu",)),
    "hnswlib": Method("benchmarks.retrieval.peers.of_hnswlib", "hnsw", ("hnswlib",)),
    "usearch": Method("benchmarks.retrieval.peers.of_usearch", "hnsw", ("usearch",)),
}

Builds = Callable[[Task], list[Peer]]


def load(names: Iterable[str]) -> dict[str, Builds]:
    """Imports methods.

    Raises:
      InputError: A package that a method needs is not installed.
    """
    loaded = {}
    for name in names:
        method = METHODS[name]
        try:
            loaded[name] = getattr(import_module(method.module), method.function)
        except ModuleNotFoundError as error:
            raise InputError(
                f"{name} needs the Python package {error.name}, which is not installed: run "
                f".venv/bin/python -m pip install -r {REQUIREMENTS}, or leave the method out "
                "with --only"
            ) from error
    return loaded


def distributions(names: Iterable[str]) -> list[str]:
    """Whose versions belong to a measurement of these methods."""
    return sorted({"numpy", *(each for name in names for each in METHODS[name].distributions)})
