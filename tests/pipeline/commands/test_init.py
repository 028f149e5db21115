"""`twotower init`: the file that it writes, and when it refuses to."""

import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.commands import init_demo
from pipeline.commands.ingest import run_ingestion
from pipeline.commands.init import InitOptions, init_command
from pipeline.config import load_settings
from pipeline.console import Console
from pipeline.demo.configuration import configuration_of, write_configuration
from pipeline.demo.files import write_world
from pipeline.demo.settings import DemoSettings
from schemas.errors import InputError
from tests.pipeline.init.starter_logs import STARTER_LOGS, StarterLog

LOGS = {log.name: log for log in STARTER_LOGS}
# An ingestion takes seconds.
INGESTED = [
    pytest.param(name, marks=[] if name in ("demo", "sessions") else pytest.mark.slow)
    for name in LOGS
]


def run_init(*arguments: str) -> None:
    """Runs the command in this process; its output goes to the terminal of the tests."""
    invoked = CliRunner().invoke(app, ["init", *arguments], catch_exceptions=False)
    assert invoked.exit_code == 0


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StarterLog:
    monkeypatch.chdir(tmp_path)
    LOGS["movielens_csv"].write(tmp_path)
    return LOGS["movielens_csv"]


def test_an_existing_file_is_overwritten_on_request_only(log: StarterLog, tmp_path: Path) -> None:
    run_init(log.log)
    path = tmp_path / "ml-small.yaml"
    first = path.read_text()
    with pytest.raises(InputError, match=r"ml-small\.yaml: the file exists; give --force"):
        run_init(log.log, "--items", str(log.items))
    assert path.read_text() == first
    run_init(log.log, "--items", str(log.items), "--force")
    assert load_settings(str(path)).items is not None


def test_names_of_columns_do_not_reach_the_terminal_as_commands(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = (f"u{n % 9},i{n % 7},{1_700_000_000 + n}" for n in range(50))
    path.write_text("\n".join(("user\x1b[2J,item,time", *rows)), encoding="utf-8")
    progress = io.StringIO()
    options = InitOptions(str(path), output=str(tmp_path / "log.yaml"))
    init_command(options, Console(progress, io.StringIO()))
    assert r"user\x1b[2J" in progress.getvalue()
    assert "\x1b" not in progress.getvalue()


def test_the_file_is_written_where_it_is_wanted(log: StarterLog, tmp_path: Path) -> None:
    run_init(log.log, "--output", "other.yaml", "--column", "user_id=movieId")
    assert load_settings("other.yaml").interactions.fields.user_id == "movieId"
    with pytest.raises(InputError, match="there is no folder missing; create it first"):
        run_init(log.log, "--output", "missing/other.yaml")
    assert not (tmp_path / "ml-small.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a LOG and its options, or --demo DIR with at most --force"),
        (["a.csv", "--demo", "b"], "give a LOG and its options, or --demo DIR with at most"),
        (["--items", "a.csv", "--demo", "b"], "or --demo DIR with at most --force"),
        (["ml-small/ratings.csv", "--column", "user=x"], "expected FIELD=COLUMN with a field of"),
        (["ml-small/ratings.csv", "--column", "user_id"], "expected FIELD=COLUMN"),
        (
            ["ml-small/ratings.csv", "--column", "value=a", "--column", "value=b"],
            "value is given twice",
        ),
        (["none.csv"], "no file matches none.csv"),
    ],
)
@pytest.mark.usefixtures("log")
def test_arguments_that_contradict_each_other_are_refused(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        run_init(*arguments)
    assert not list(tmp_path.glob("*.yaml"))


@pytest.mark.parametrize("name", INGESTED)
def test_ingest_keeps_the_events_with_the_starter_configuration(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = LOGS[name]
    log.write(tmp_path)
    options = [("--items", log.items), ("--users", log.users)]
    given = [text for option, path in options if path for text in (option, path)]
    run_init(log.log, *given, "--output", "starter.yaml")
    counts = run_ingestion(load_settings("starter.yaml"))
    assert counts["kept"] == log.kept, counts
    assert not counts["warnings"], counts["warnings"]
    assert counts["catalogue"]["rejects"] == {}


def test_the_demo_configuration_has_the_paths_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("my: demo")
    write_world(folder, DemoSettings(num_users=40, num_items=400, num_days=12))
    settings = load_settings(str(write_configuration(folder)))
    assert settings.users is not None
    assert settings.users.path == "my: demo/users.csv"
    assert settings.schema == "my: demo/demo.pbtxt"
    assert Path(settings.schema).is_file()
    sources = (settings.interactions, settings.items, settings.users)
    assert all(Path(str(source and source.path)).is_file() for source in sources)


@pytest.mark.parametrize("name", ["demo.yaml", "demo.pbtxt"])
def test_an_edited_file_of_the_demo_is_overwritten_on_request_only(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init_demo, "write_if_outdated", lambda directory, settings: "written")
    run_init("--demo", str(tmp_path))
    run_init("--demo", str(tmp_path))
    written = (tmp_path / name).read_text()
    (tmp_path / name).write_text("# edited\n")
    with pytest.raises(InputError, match=rf"{name} exists and differs .* give --force"):
        run_init("--demo", str(tmp_path))
    assert (tmp_path / name).read_text() == "# edited\n"
    run_init("--demo", str(tmp_path), "--force")
    assert (tmp_path / name).read_text() == written


def test_only_the_paths_of_the_shipped_configuration_change() -> None:
    shipped = (Path(__file__).parents[3] / "pipeline/configs/demo.yaml").read_text()
    written = configuration_of(shipped, Path("else/where"))
    pairs = zip(shipped.splitlines(), written.splitlines(), strict=True)
    changed = [after.strip() for before, after in pairs if before != after]
    assert changed == [
        "schema: else/where/demo.pbtxt",
        "path: else/where/events.jsonl.gz",
        "path: else/where/items.csv",
        "path: else/where/users.csv",
    ]
