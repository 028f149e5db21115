"""A version of the code behind a step, so that TFX's cache sees an edited source file.

TFX's local cache key knows a step's inputs and parameters, not its code. The version is a hash of
the step's folder, of every module of ours that it imports, directly or not, and of the installed
versions of the libraries: editing the report's template runs the report again, not the training.
"""

import ast
import hashlib
import importlib.metadata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTION = "twotower"
PACKAGES = ("schemas", "components", "pipeline")
_IGNORED_SUFFIXES = frozenset({".pyc", ".pyo"})


def code_version(folder: str) -> str:
    """The version of the code of the step in `components/<folder>`: 16 hexadecimal digits.

    Args:
      folder: Name of the step's folder.

    Raises:
      ValueError: There is no such step.
    """
    files = list(_files_in(ROOT / "components" / folder))
    if not files:
        raise ValueError(f"components/{folder} holds no file: there is no such step")
    digest = hashlib.sha256("\n".join(_libraries()).encode())
    for path in sorted(_closure(files)):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


@cache
def _libraries() -> tuple[str, ...]:
    """What this distribution declares to need, with the versions that are installed."""
    declared = (Requirement(line) for line in importlib.metadata.requires(DISTRIBUTION) or ())
    names = sorted(r.name for r in declared if r.marker is None or r.marker.evaluate({"extra": ""}))
    return tuple(f"{name}=={importlib.metadata.version(name)}" for name in names)


def _files_in(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in _IGNORED_SUFFIXES:
            yield path


def _closure(start: Iterable[Path]) -> set[Path]:
    found: set[Path] = set()
    waiting = list(start)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            if path.suffix == ".py":
                waiting.extend(_imports(path, path.stat().st_mtime_ns))
    return found


@cache
def _imports(path: Path, _modified_ns: int) -> tuple[Path, ...]:
    """Files of our packages that a module imports, their packages' `__init__.py` included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(file for name in names if name.split(".")[0] in PACKAGES for file in _files(name))


def _files(module: str) -> Iterator[Path]:
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        package = ROOT.joinpath(*parts[:length])
        for candidate in (package / "__init__.py", package.with_suffix(".py")):
            if candidate.is_file():
                yield candidate
