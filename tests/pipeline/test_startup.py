"""A command imports only the large libraries that it needs, because each takes seconds."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.chain_dataset import write_chain_dataset
from tests.pipeline.commands.finished_run import FinishedRun

LARGE = {
    "altair",
    "apache_beam",
    "kfp",
    "scann",
    "tensorflow",
    "tensorflow_data_validation",
    "tensorflow_model_analysis",
    "tensorflow_recommenders",
    "tensorflow_transform",
    "tfx",
}
COMMANDS = "pipeline.commands"
# What each module may import of the large libraries; the modules that its command imports later are
# listed after it. No sets: the ids of the tests contain these values, and all workers of
# pytest-xdist must get the same ids.
MAY_IMPORT: list[tuple[Sequence[str], Sequence[str]]] = [
    (["pipeline.cli"], []),
    ([f"{COMMANDS}.report"], []),
    ([f"{COMMANDS}.compare"], []),
    ([f"{COMMANDS}.lineage"], []),
    ([f"{COMMANDS}.rollback"], []),
    ([f"{COMMANDS}.label"], []),
    ([f"{COMMANDS}.serving_config"], []),
    ([f"{COMMANDS}.doctor"], []),
    # A client, and `recommend` with a served model and with titles.
    (["pipeline.serving.client", f"{COMMANDS}.recommend"], []),
    ([f"{COMMANDS}.init_demo"], []),
    ([f"{COMMANDS}.init"], ["apache_beam"]),
    ([f"{COMMANDS}.ingest"], ["apache_beam"]),
    ([f"{COMMANDS}.monitor"], ["apache_beam"]),
    # They read the ids of the items from the variables of the model.
    ([f"{COMMANDS}.unavailable"], ["tensorflow"]),
    (
        [
            f"{COMMANDS}.recommend",
            "scann",
            "components.indexer.search.item_table",
            "components.pusher.unavailable_lists",
        ],
        ["tensorflow", "scann"],
    ),
    ([f"{COMMANDS}.serve"], ["tensorflow"]),
    ([f"{COMMANDS}.explore"], ["tensorflow"]),
    # A worker of Beam that ingests imports these.
    (["components.example_gen.pipeline", "components.catalogue_gen.pipeline"], ["apache_beam"]),
    (["pipeline.runners.container_main"], []),
    # Only the page of the report needs Altair; every run imports the component at its start.
    (["components.run_reporter.component"], sorted(LARGE - {"altair"})),
]


def imported_by(program: str, *arguments: str) -> set[str]:
    """Returns the large libraries that a Python program has imported at its end."""
    program += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return LARGE & set(done.stdout.splitlines()[-1].split())


def imported_by_command(*arguments: str) -> set[str]:
    """Returns the large libraries that a command has imported at its end."""
    return imported_by(
        "from pipeline.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code",
        *arguments,
    )


@pytest.mark.parametrize(("modules", "libraries"), MAY_IMPORT, ids=str)
def test_modules_import_no_other_large_library(
    modules: Sequence[str], libraries: Sequence[str]
) -> None:
    assert imported_by("".join(f"import {module}\n" for module in modules)) <= set(libraries)


def test_an_import_of_a_large_library_is_found() -> None:
    assert imported_by("import apache_beam.version") == {"apache_beam"}


def test_ingest_imports_beam_only(tmp_path: Path) -> None:
    world = write_chain_dataset(tmp_path / "world", 4, 6, 4)
    config = tmp_path / "world.yaml"
    config.write_text(yaml.safe_dump({**world, "name": "w", "output": str(tmp_path / "run")}))

    assert imported_by_command("ingest", str(config)) == {"apache_beam"}


def test_label_and_rollback_import_no_large_library(tmp_path: Path) -> None:
    run = FinishedRun(tmp_path / "run")
    for content in "ab":
        run.publish(content)
    (run.root / "run.json").write_text(json.dumps(run.record))

    (_, newest), _ = run.visible()
    assert imported_by_command("label", str(run.root), f"canary={newest}") == set()
    assert imported_by_command("label", str(run.root), "--remove", "canary") == set()
    assert imported_by_command("rollback", str(run.root)) == set()
    assert len(run.visible()[0]) == 1
