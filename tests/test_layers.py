"""The rules of the source tree, read from its syntax: layers, the edge to TFX, small files."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("schemas", "components", "pipeline")  # each may import itself and those before it
TFX_FILES = {"component.py", "executor.py", "run_fn.py", "artifacts.py"}
MAX_LINES = 300


def imported_modules(path: Path, source: str) -> Iterator[tuple[int, str]]:
    """Yields (line, absolute dotted name) of every import; `path` is relative to the root."""
    package = path.parent.parts
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}" if module else alias.name


def upward_imports(path: Path, source: str) -> list[str]:
    """Imports of a later layer than the file's own."""
    later = LAYERS[LAYERS.index(path.parts[0]) + 1 :]
    return [
        f"{path}:{line}: {path.parts[0]}/ may not import {module}"
        for line, module in imported_modules(path, source)
        if module.partition(".")[0] in later
    ]


def tfx_imports(path: Path, source: str) -> list[str]:
    """Imports of `tfx` outside the thin files that may."""
    if path.parts[0] == "pipeline" or (path.parts[0] == "components" and path.name in TFX_FILES):
        return []
    return [
        f"{path}:{line}: imports {module}; only pipeline/ and {', '.join(sorted(TFX_FILES))} may"
        for line, module in imported_modules(path, source)
        if module.partition(".")[0] == "tfx"
    ]


def long_files(path: Path, source: str) -> list[str]:
    """Files of more than `MAX_LINES` lines."""
    lines = len(source.splitlines())
    return [f"{path}: {lines} lines, at most {MAX_LINES}"] if lines > MAX_LINES else []


def swallowed_exceptions(path: Path, source: str) -> list[str]:
    """Handlers of every exception that do nothing about it."""
    return [
        f"{path}:{node.lineno}: catches every exception and says nothing"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type) and _is_idle(node.body)
    ]


def _is_broad(caught: ast.expr | None) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(
        name is None or (isinstance(name, ast.Name) and name.id in {"Exception", "BaseException"})
        for name in names
    )


def _is_idle(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(statement, ast.Pass | ast.Continue)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in body
    )


RULES = [upward_imports, tfx_imports, long_files, swallowed_exceptions]


@pytest.mark.parametrize("rule", RULES)
def test_source_tree_keeps_the_rule(rule: Callable[[Path, str], list[str]]) -> None:
    files = [path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))]
    assert {path.relative_to(ROOT).parts[0] for path in files} == set(LAYERS)

    broken = [
        line for path in files for line in rule(path.relative_to(ROOT), path.read_text("utf-8"))
    ]

    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (upward_imports, "schemas/a.py", "import components.trainer"),
        (upward_imports, "schemas/a.py", "def f():\n    from pipeline import config"),
        (upward_imports, "components/a/b.py", "from pipeline.config import load"),
        (upward_imports, "components/a/b.py", "from ...pipeline import config"),
        (tfx_imports, "components/trainer/model/towers.py", "from tfx import v1 as tfx"),
        (tfx_imports, "components/trainer/model/towers.py", "import tfx.types"),
        (tfx_imports, "schemas/component.py", "import tfx"),
        (long_files, "pipeline/a.py", "x = 1\n" * (MAX_LINES + 1)),
        (swallowed_exceptions, "pipeline/a.py", "try:\n    f()\nexcept Exception:\n    pass"),
        (swallowed_exceptions, "pipeline/a.py", "try:\n    f()\nexcept:\n    ..."),
        (
            swallowed_exceptions,
            "pipeline/a.py",
            "for x in y:\n  try:\n    f()\n  except (OSError, Exception):\n    continue",
        ),
    ],
)
def test_rule_finds_a_breach(
    rule: Callable[[Path, str], list[str]], path: str, source: str
) -> None:
    (line,) = rule(Path(path), source)

    assert line.startswith(path)


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (upward_imports, "pipeline/a.py", "import components\nfrom schemas import events"),
        (upward_imports, "components/a/b.py", "from . import pipeline\nimport schemas.events"),
        (tfx_imports, "components/trainer/run.py", "from tfx import v1 as tfx"),
        (tfx_imports, "pipeline/graph.py", "from tfx import v1 as tfx"),
        (tfx_imports, "components/trainer/model/towers.py", "import tfx_bsl\nfrom . import tfx"),
        (long_files, "pipeline/a.py", "x = 1\n" * MAX_LINES),
        (swallowed_exceptions, "pipeline/a.py", "try:\n    f()\nexcept KeyError:\n    pass"),
        (swallowed_exceptions, "pipeline/a.py", "try:\n    f()\nexcept Exception:\n    raise"),
    ],
)
def test_rule_lets_good_code_be(
    rule: Callable[[Path, str], list[str]], path: str, source: str
) -> None:
    assert rule(Path(path), source) == []
