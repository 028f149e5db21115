"""The code version changes only with a step's own code and with its imports."""

from pathlib import Path

import pytest

from pipeline.runners import code_version as module


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "schemas/__init__.py": "",
        "schemas/shape.py": "SIZE = 1\n",
        "components/__init__.py": "import schemas\n",
        "components/alpha/__init__.py": "",
        "components/alpha/executor.py": "from components.beta.logic import run\n",
        "components/alpha/page.html.j2": "<p>",
        "components/beta/__init__.py": "",
        "components/beta/logic.py": "from schemas.shape import SIZE\ndef run(): return SIZE\n",
        "components/gamma/__init__.py": "",
        "components/gamma/logic.py": "X = 1\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("edited", "alpha_changes"),
    [
        ("components/alpha/executor.py", True),
        ("components/alpha/page.html.j2", True),
        ("components/beta/logic.py", True),
        ("components/beta/__init__.py", True),
        ("schemas/shape.py", True),
        ("components/__init__.py", True),
        ("components/gamma/logic.py", False),
    ],
)
def test_an_edit_changes_the_version_of_importing_steps(
    tree: Path, edited: str, alpha_changes: bool
) -> None:
    before = module.code_version("alpha")
    assert module.code_version("alpha") == before
    path = tree / edited
    path.write_text(path.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    assert (module.code_version("alpha") != before) is alpha_changes


def test_a_step_that_does_not_exist_is_an_error(tree: Path) -> None:
    with pytest.raises(ValueError, match="no such step"):
        module.code_version("omega")
