"""The version of a step's code, passed as a parameter so that an edited source file is not cached.

TFX's local cache key contains a step's inputs and parameters, not its code. The version is a hash
of the step's folder, of every module of this project that it imports directly or indirectly, and of
the installed versions of the libraries. An edit of the report's template therefore runs the report
again, but not the training.
"""

import ast
import hashlib
import importlib.metadata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from schemas.version_set import declared_sets, running_python

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "components", "pipeline")
_IGNORED_SUFFIXES = frozenset({".pyc", ".pyo"})


def code_version(folder: str) -> str:
    """Returns the version of the code of a step: 16 hexadecimal digits.

    Args:
      folder: Name of the step's folder in `components`.

    Raises:
      ValueError: There is no such step.
    """
    files = list(_files_in(ROOT / "components" / folder))
    if not files:
        raise ValueError(f"components/{folder} contains no file: there is no such step")
    digest = hashlib.sha256("\n".join(_installed_libraries()).encode())
    for path in sorted(_with_imports(files)):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def source_version() -> str:
    """Returns the version of all code of this project: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for path in sorted(path for package in PACKAGES for path in _files_in(ROOT / package)):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


@cache
def _installed_libraries() -> tuple[str, ...]:
    """Returns the run-time requirements of this distribution with their installed versions."""
    names = sorted(r.name for r in declared_sets().requirements(running_python()))
    return tuple(f"{name}=={importlib.metadata.version(name)}" for name in names)


def _files_in(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in _IGNORED_SUFFIXES:
            yield path


def _with_imports(start: Iterable[Path]) -> set[Path]:
    """Returns the given files and the files that they import directly or indirectly."""
    found: set[Path] = set()
    waiting = list(start)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            if path.suffix == ".py":
                waiting.extend(_imported_files(path, path.stat().st_mtime_ns))
    return found


@cache
def _imported_files(path: Path, _modified_ns: int) -> tuple[Path, ...]:
    """Returns the files of this project that a module imports, `__init__.py` files included.

    The modification time is a parameter so that an edited file is not read from the cache.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(
        file for name in names if name.split(".")[0] in PACKAGES for file in _module_files(name)
    )


def _module_files(module: str) -> Iterator[Path]:
    """Yields the files of a dotted name and of its parent packages."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        package = ROOT.joinpath(*parts[:length])
        for candidate in (package / "__init__.py", package.with_suffix(".py")):
            if candidate.is_file():
                yield candidate
