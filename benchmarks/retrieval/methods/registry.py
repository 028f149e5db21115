"""The search methods by name; the module of a method is imported when the method is used."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module

from benchmarks.retrieval.methods.interface import MakeIndexes
from schemas.errors import InputError

REQUIREMENTS = "benchmarks/requirements-retrieval.txt"


@dataclass(frozen=True)
class SearchMethod:
    """A search method.

    Attributes:
      module: Name of the module in this package.
      function: The function of the module that returns the indexes to build.
      distributions: The Python packages whose versions affect the result.
    """

    module: str
    function: str
    distributions: tuple[str, ...]


METHODS: dict[str, SearchMethod] = {
    "twotower": SearchMethod("scann_index", "tuned", ("scann", "tensorflow")),
    "faiss IVF-Flat": SearchMethod("faiss_index", "ivf_flat", ("faiss-cpu",)),
    "faiss IVF-SQ8": SearchMethod("faiss_index", "ivf_sq8", ("faiss-cpu",)),
    "faiss IVF-PQ fast scan": SearchMethod("faiss_index", "ivf_pq_fast_scan", ("faiss-cpu",)),
    "faiss HNSW": SearchMethod("faiss_index", "hnsw", ("faiss-cpu",)),
    "hnswlib": SearchMethod("hnswlib_index", "hnsw", ("hnswlib",)),
    "usearch": SearchMethod("usearch_index", "hnsw", ("usearch",)),
}


def load_methods(names: Iterable[str]) -> dict[str, MakeIndexes]:
    """Imports methods and returns their functions by name.

    Raises:
      InputError: A package that a method needs is not installed.
    """
    loaded = {}
    for name in names:
        method = METHODS[name]
        try:
            module = import_module(f"benchmarks.retrieval.methods.{method.module}")
        except ModuleNotFoundError as error:
            raise InputError(
                f"{name} needs the Python package {error.name}, which is not installed: run "
                f".venv/bin/python -m pip install -r {REQUIREMENTS}, or choose other methods with "
                "--only"
            ) from error
        loaded[name] = getattr(module, method.function)
    return loaded


def distributions(names: Iterable[str]) -> list[str]:
    """Returns the packages whose versions affect the results of these methods."""
    return sorted({"numpy", *(each for name in names for each in METHODS[name].distributions)})
