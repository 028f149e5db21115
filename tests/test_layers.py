"""The rules of the source tree, read from its syntax.

They are the layers, public modules, the edge to TFX, file operations and swallowed exceptions.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("schemas", "components", "pipeline", "benchmarks")
# Each layer may import itself and those before it. Modules at the top of `components` belong to the
# layer of its libraries; every other folder of `components` is a step.
LAYERS = ("schemas", "libraries", "records", "steps", "pipeline", "benchmarks")
LIBRARIES = {"readers", "examples", "parity"}
TFX_FILES = {"component.py", "executor.py", "artifacts.py"}
FILES_MODULE = Path("components/files.py")


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


def step_of(module: str) -> str | None:
    """The step that a dotted name of ours belongs to, or None."""
    parts = module.split(".")
    if parts[0] != "components" or len(parts) < 3:
        return None
    return parts[1] if (ROOT / "components" / parts[1]).is_dir() else None


def layer_of(module: str) -> str | None:
    """The layer of a dotted name of ours, or None where it is not ours."""
    package = module.partition(".")[0]
    if package not in PACKAGES:
        return None
    if package != "components":
        return package
    step = step_of(module)
    if step is None or step in LIBRARIES:
        return "libraries"
    return "records" if step == "records" else "steps"


def dotted_name(path: Path) -> str:
    """The dotted name of the module in a file, relative to the root."""
    return ".".join(path.with_suffix("").parts)


def public_modules(step: str) -> frozenset[str]:
    """What the package of a step lists in `__all__`: the modules that other steps may import."""
    tree = ast.parse((ROOT / "components" / step / "__init__.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return frozenset(ast.literal_eval(node.value))
    return frozenset()


def upward_imports(path: Path, source: str) -> list[str]:
    """Imports of a later layer than the file's own."""
    own = layer_of(dotted_name(path))
    assert own is not None, path
    later = LAYERS[LAYERS.index(own) + 1 :]
    return [
        f"{path}:{line}: the layer `{own}` may not import {module}"
        for line, module in imported_modules(path, source)
        if layer_of(module) in later
    ]


def private_imports(path: Path, source: str) -> list[str]:
    """Imports by one step of a module that another step does not list as public."""
    name = dotted_name(path)
    if layer_of(name) != "steps":
        return []
    broken = []
    for line, module in imported_modules(path, source):
        step = step_of(module)
        if layer_of(module) != "steps" or step is None or step == step_of(name):
            continue
        if module.split(".")[2] not in public_modules(step):
            broken.append(
                f"{path}:{line}: {module} is not public; components/{step}/__init__.py lists in "
                "__all__ the modules that other steps may import"
            )
    return broken


def tfx_imports(path: Path, source: str) -> list[str]:
    """Imports of `tfx` outside the thin files that may."""
    may = path.parts[0] == "pipeline" or (path.parts[0] == "components" and path.name in TFX_FILES)
    if may:
        return []
    return [
        f"{path}:{line}: imports {module}; only pipeline/ and {', '.join(sorted(TFX_FILES))} may"
        for line, module in imported_modules(path, source)
        if module.partition(".")[0] == "tfx"
    ]


def tensorflow_files(path: Path, source: str) -> list[str]:
    """Uses of TensorFlow's file operations outside the module that does without for local paths."""
    if path == FILES_MODULE:
        return []
    return [
        f"{path}:{node.lineno}: uses gfile; use {FILES_MODULE} instead"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and node.attr == "gfile"
    ]


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


RULES = [upward_imports, private_imports, tfx_imports, tensorflow_files, swallowed_exceptions]


@pytest.mark.parametrize("rule", RULES)
def test_source_tree_keeps_the_rule(rule: Callable[[Path, str], list[str]]) -> None:
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    assert {path.relative_to(ROOT).parts[0] for path in files} == set(PACKAGES)

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
        (tfx_imports, "benchmarks/a.py", "from tfx.types import Channel"),
        (upward_imports, "pipeline/a.py", "from benchmarks.quality import table"),
        (upward_imports, "components/readers/a.py", "from components.records import fields"),
        (upward_imports, "components/records/a.py", "from components.trainer.run import run"),
        (upward_imports, "components/gate.py", "import components.pusher.publish"),
        (private_imports, "components/indexer/a.py", "from components.trainer import run"),
        (private_imports, "components/trainer/fit/a.py", "import components.pusher.publish"),
        (
            private_imports,
            "components/evaluator/a.py",
            "from components.pusher import lock",
        ),
        (tensorflow_files, "components/a/b.py", "tf.io.gfile.exists(path)"),
        (tensorflow_files, "components/a/files.py", "import tensorflow as tf\nf = tf.io.gfile"),
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
        (tfx_imports, "components/trainer/executor.py", "from tfx import v1 as tfx"),
        (tfx_imports, "pipeline/graph.py", "from tfx import v1 as tfx"),
        (tfx_imports, "components/trainer/model/towers.py", "import tfx_bsl\nfrom . import tfx"),
        (tensorflow_files, "components/files.py", "tf.io.gfile.exists(path)"),
        (swallowed_exceptions, "pipeline/a.py", "try:\n    f()\nexcept KeyError:\n    pass"),
        (swallowed_exceptions, "pipeline/a.py", "try:\n    f()\nexcept Exception:\n    raise"),
    ],
)
def test_rule_lets_good_code_be(
    rule: Callable[[Path, str], list[str]], path: str, source: str
) -> None:
    assert rule(Path(path), source) == []
