"""Public logs in small: what is recognised, and that the pipeline reads all that the log has."""

import gzip
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality_logs import ADAPTERS, recognise
from benchmarks.quality_logs.adapter import open_text
from benchmarks.quality_work import empty_folder, log_name, prepare, write_config
from components.examples import read_windows
from pipeline.config import load_settings
from pipeline.ingest_only import ingest_folder, ingest_only
from schemas.errors import InputError
from schemas.features import WINDOW_SPLITS, feature_table
from schemas.settings import Settings

NUM_USERS, NUM_ITEMS, NUM_EACH = 6, 10, 8
NUM_EVENTS = NUM_USERS * NUM_EACH
START_S = 1_000_000_000


def item_of(user: int, place: int) -> int:
    """Every user walks the items from a place of their own, and meets none twice."""
    return (user * 3 + place) % NUM_ITEMS + 1


def events() -> list[tuple[int, int, int]]:
    """(user, item, second), users in turn."""
    return [
        (user + 1, item_of(user, place), START_S + place * 100 + user)
        for place in range(NUM_EACH)
        for user in range(NUM_USERS)
    ]


def sequences() -> list[list[int]]:
    """Items of each user, in order."""
    return [[item_of(user, place) for place in range(NUM_EACH)] for user in range(NUM_USERS)]


def write_lines(path: Path, lines: list[str], encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding=encoding)


def write_csv_release(log: Path) -> Path:
    rows = [f"{user},{item},{2.5 + item % 3 / 2},{time}" for user, item, time in events()]
    write_lines(log / "ratings.csv", ["userId,movieId,rating,timestamp", *rows])
    films = [f'{item},"Film, {item} (1995)",Drama|Comedy' for item in range(1, NUM_ITEMS + 1)]
    write_lines(log / "movies.csv", ["movieId,title,genres", *films])
    return log


def write_dat_release(log: Path, encoding: str = "latin-1", users: bool = True) -> Path:
    write_lines(log / "ratings.dat", [f"{u}::{item}::4::{time}" for u, item, time in events()])
    films = [f"{item}::Les Misérables {item} (1995)::Drama" for item in range(1, NUM_ITEMS + 1)]
    write_lines(log / "movies.dat", films, encoding)
    if users:
        rows = [f"{user}::F::25::10::48067" for user in range(1, NUM_USERS + 1)]
        write_lines(log / "users.dat", rows)
    return log


def write_100k_release(log: Path) -> Path:
    write_lines(log / "u.data", [f"{u}\t{item}\t3\t{time}" for u, item, time in events()])
    films = [
        "|".join([str(item), f"Misérables {item}", "01-Jan-1995", "", "http://x", *"01" * 9, "0"])
        for item in range(1, NUM_ITEMS + 1)
    ]
    write_lines(log / "u.item", films, "latin-1")
    rows = [f"{user}|24|M|technician|85711" for user in range(1, NUM_USERS + 1)]
    write_lines(log / "u.user", rows)
    return log


def write_user_items(log: Path) -> Path:
    lines = [" ".join(map(str, [user + 1, *walk])) for user, walk in enumerate(sequences())]
    write_lines(log, lines)
    return log


def write_items(log: Path) -> Path:
    # Two users begin alike, which users of their own never would.
    walks = [*sequences(), sequences()[0]]
    write_lines(log, [" ".join(map(str, walk)) for walk in walks])
    return log


def write_pairs(log: Path) -> Path:
    write_lines(log, [f"{user} {item}" for user, item, _ in events()])
    return log


def write_yoochoose(log: Path) -> Path:
    noon = datetime(2014, 4, 7, 12)
    times = [noon + timedelta(seconds=time - START_S) for _, _, time in events()]
    rows = [
        f"{user},{time.isoformat()}.277Z,{item},0"
        for (user, item, _), time in zip(events(), times, strict=True)
    ]
    write_lines(log, rows)
    return log


def write_diginetica(log: Path) -> Path:
    rows = [
        f"{user};NA;{item};{(time - START_S) * 1000};2016-05-09" for user, item, time in events()
    ]
    # The real file is in no order of time: a session's clicks have to be put in order.
    write_lines(log, ["sessionId;userId;itemId;timeframe;eventdate", *reversed(rows)])
    return log


def write_sessions(log: Path) -> Path:
    rows = [f"{time * 1000};{item};{user}" for user, item, time in events()]
    write_lines(log, ["ts;item_id;Session_ID", *rows])
    return log


def write_configuration(log: Path) -> Path:
    release = write_csv_release(log.parent / "release")
    columns = {"user_id": "userId", "item_id": "movieId", "timestamp": "timestamp"}
    values = {
        "name": "mine",
        "output": "runs/mine",
        "interactions": {
            "path": str(release / "ratings.csv"),
            "format": "csv",
            "fields": columns,
        },
        "push": {"serving_dir": "where/it/serves"},
        "evaluation": {"gates": {"beats": ["markov"], "min_value": 0.5}},
    }
    log.write_text(json.dumps(values), encoding="utf-8")
    return log


WRITERS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "movielens-csv": ("ml", write_csv_release),
    "movielens-dat": ("ml", write_dat_release),
    "movielens-100k": ("ml", write_100k_release),
    "config": ("mine.yaml", write_configuration),
    "yoochoose": ("yoochoose-clicks.dat", write_yoochoose),
    "diginetica": ("train-item-views.csv", write_diginetica),
    "sessions": ("log.csv", write_sessions),
    "pairs": ("ml-1m.txt", write_pairs),
    "user-items": ("Beauty.txt", write_user_items),
    "items": ("input.txt", write_items),
}


def configured(
    log: Path, folder: Path, attributes: Path | None = None, split: str | None = None
) -> Settings:
    """The settings that a measurement of the log would run."""
    empty_folder(folder, log)
    prepared = prepare(recognise(log), log, folder, attributes, split)
    return load_settings(str(write_config(folder, log_name(log), log, prepared)))


def walks_read(settings: Settings) -> dict[str, list[str]]:
    """Each user's items in the order in which the pipeline has them, from the targets."""
    walks: dict[str, list[str]] = {}
    for split in WINDOW_SPLITS:
        uri = f"{ingest_folder(settings)}/windows"
        windows = read_windows(uri, split, feature_table(settings.data))
        for row, user in enumerate(windows.user_id):
            of_window = slice(windows.offsets[row], windows.offsets[row + 1])
            is_target = windows.is_target[of_window]
            items = [item.decode() for item in windows.item_id[of_window][is_target]]
            walks.setdefault(user.decode(), []).extend(items)
    return walks


def test_every_adapter_has_a_log_here() -> None:
    assert list(WRITERS) == list(ADAPTERS)


@pytest.mark.parametrize("name", WRITERS)
def test_log_is_recognised_and_read_whole_and_in_order(name: str, tmp_path: Path) -> None:
    file, write = WRITERS[name]
    log = write(tmp_path / file)

    assert recognise(log).name == name
    settings = configured(log, tmp_path / "work")
    counts = ingest_only(settings)

    extra = 1 if name == "items" else 0
    expected = NUM_EVENTS + extra * NUM_EACH
    assert (counts["read"], counts["kept"]) == (expected, expected)
    assert counts["users"] == NUM_USERS + extra
    assert counts["catalogue"]["items"] == NUM_ITEMS
    walks = [*sequences(), sequences()[0]][: NUM_USERS + extra]
    expected_walks = {str(user + 1): [*map(str, walk)] for user, walk in enumerate(walks)}
    assert walks_read(settings) == expected_walks


@pytest.mark.parametrize("name", WRITERS)
def test_no_model_is_refused_for_its_quality(name: str, tmp_path: Path) -> None:
    file, write = WRITERS[name]
    settings = configured(write(tmp_path / file), tmp_path / "work")
    gates = settings.evaluation.gates
    assert (gates.beats, gates.max_drop, gates.min_value) == ((), None, None)
    assert settings.push.serving_dir is None
    assert settings.index.kind == "exact"


@pytest.mark.parametrize("name", WRITERS)
def test_split_is_by_time_where_there_are_times(name: str, tmp_path: Path) -> None:
    file, write = WRITERS[name]
    log = write(tmp_path / file)
    is_sequence = ADAPTERS[name].is_sequence
    policy = configured(log, tmp_path / "work").split.policy
    assert policy == ("leave_one_out" if is_sequence else "temporal")
    assert configured(log, tmp_path / "work", split="leave-one-out").split.policy == "leave_one_out"
    if is_sequence:
        with pytest.raises(InputError, match="has an order but no times"):
            configured(log, tmp_path / "work", split="temporal")
    else:
        assert configured(log, tmp_path / "work", split="temporal").split.policy == "temporal"


def test_sessions_do_not_learn_users_and_may_repeat(tmp_path: Path) -> None:
    settings = configured(write_sessions(tmp_path / "log.csv"), tmp_path / "work")
    assert settings.repeat_interactions == "allow"
    assert not settings.model.user_id_embedding


@pytest.mark.parametrize(
    ("time", "unit"),
    [
        ("1396864269", "s"),
        ("1396864269.277", "s"),
        ("1396864269277", "ms"),
        ("1396864269277000", "us"),
        ("2014-04-07T10:51:09Z", "iso8601"),
    ],
)
def test_unit_of_session_times_is_told_by_their_size(time: str, unit: str, tmp_path: Path) -> None:
    write_lines(tmp_path / "log.csv", ["session_id,item_id,timestamp", f"s1,i1,{time}"])
    assert configured(tmp_path / "log.csv", tmp_path / "w").interactions.timestamp_unit == unit


def test_diginetica_time_that_is_none_is_left_to_the_pipeline_to_refuse(tmp_path: Path) -> None:
    log = write_diginetica(tmp_path / "train-item-views.csv")
    with log.open("a", encoding="utf-8") as file:
        file.write("1;NA;1;soon;2016-05-09\n")
    counts = ingest_only(configured(log, tmp_path / "work"))
    assert counts["read"] == NUM_EVENTS + 1
    assert counts["rejects"] == {"bad_timestamp": 1}


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_both_encodings_of_titles_are_read(encoding: str, tmp_path: Path) -> None:
    log = write_dat_release(tmp_path / "ml", encoding, users=False)
    settings = configured(log, tmp_path / "work")
    assert settings.items is not None
    assert settings.items.csv.encoding == encoding
    assert settings.users is None


def test_history_covers_most_sequences_up_to_200(tmp_path: Path) -> None:
    lengths = {"short": 20, "middle": 51, "long": 900}
    found = {}
    for name, length in lengths.items():
        walk = " ".join(map(str, range(1, length + 1)))
        write_lines(tmp_path / f"{name}.txt", [f"{user} {walk}" for user in (1, 2, 3)])
        settings = configured(tmp_path / f"{name}.txt", tmp_path / "work")
        found[name] = settings.history.max_length
    assert found == {"short": 50, "middle": 100, "long": 200}


@pytest.mark.parametrize("beside", [True, False], ids=["found beside the log", "given"])
def test_attributes_become_a_feature_of_the_logged_items(beside: bool, tmp_path: Path) -> None:
    log = write_user_items(tmp_path / "Beauty.txt")
    attributes = tmp_path / ("Beauty_item2attributes.json" if beside else "other.json")
    # Item 99 is in no sequence: it never was a candidate. The other items have no attributes.
    attributes.write_text(json.dumps({"1": [4, 5], "2": [5], "99": [6]}), encoding="utf-8")

    settings = configured(log, tmp_path / "work", None if beside else attributes)

    if beside:
        assert ingest_only(settings)["catalogue"]["items"] == NUM_ITEMS
    assert settings.items is not None
    rows = [json.loads(line) for line in Path(settings.items.paths[0]).read_text().splitlines()]
    assert {row["item"]: row["attributes"] for row in rows} == {
        str(item): {1: ["4", "5"], 2: ["5"]}.get(item, []) for item in range(1, NUM_ITEMS + 1)
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [("[]", "expected an object"), ("{", "cannot be read as JSON"), ('{"x": [1]}', "for none of")],
)
def test_attributes_that_do_not_fit_are_an_error(
    content: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=message):
        configured(write_pairs(tmp_path / "log.txt"), tmp_path / "work", tmp_path / "a.json")


def test_attributes_of_a_log_that_is_no_sequence_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--attributes: a log of format movielens-csv"):
        configured(write_csv_release(tmp_path / "ml"), tmp_path / "work", tmp_path / "a.json")


@pytest.mark.parametrize("write", [write_user_items, write_sessions], ids=["text", "csv"])
def test_gzipped_logs_are_recognised(write: Callable[[Path], Path], tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.txt")
    packed = tmp_path / "packed.txt.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert recognise(packed) is recognise(plain)
    found = [configured(log, tmp_path / f"{log.name}-work") for log in (plain, packed)]
    assert found[0].history == found[1].history
    assert found[0].interactions.fields == found[1].interactions.fields
    texts = [open_text(Path(settings.interactions.paths[0])).read() for settings in found]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "content",
    [b"", b"Call me Ishmael.\n", b"a,b\n1,2\n", b"session_id,item_id,timestamp\n", b"\xff\xfe1 2"],
)
def test_other_files_are_not_recognised_and_the_error_lists_all_formats(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(InputError, match="not recognised; looked for") as raised:
        recognise(tmp_path / "log")
    for adapter in ADAPTERS.values():
        assert f"  {adapter.name}: {adapter.looks_like}\n" in str(raised.value)
    with pytest.raises(InputError, match="not recognised"):
        recognise(tmp_path)
    with pytest.raises(InputError, match="no such file or folder"):
        recognise(tmp_path / "nothing")


@pytest.mark.parametrize("name", [name for name in ADAPTERS if name != "config"])
def test_a_format_that_the_log_has_not_is_an_error(name: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir() if name.startswith("movielens") else log.write_text("\n")
    adapter = recognise(log, name)
    assert adapter.name == name
    with pytest.raises(InputError, match="log"):
        prepare(adapter, log, tmp_path / "work", None, None)


def test_a_pair_with_a_third_word_names_its_line(tmp_path: Path) -> None:
    write_lines(tmp_path / "log.txt", ["1 2", "1 3 4"])
    with pytest.raises(InputError, match=r"log.txt, line 2: expected `user item`, got 3 words"):
        prepare(ADAPTERS["pairs"], tmp_path / "log.txt", tmp_path / "work", None, None)


def test_work_folder_is_made_anew_but_only_a_measurements_own(tmp_path: Path) -> None:
    log = write_pairs(tmp_path / "log.txt")
    configured(log, tmp_path / "work")
    (tmp_path / "work" / "older").touch()
    configured(log, tmp_path / "work")
    assert not (tmp_path / "work" / "older").exists()
    written = tmp_path / "work" / "log" / "events.csv"
    assert len(written.read_text().splitlines()) == 1 + NUM_EVENTS

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").touch()
    with pytest.raises(InputError, match="files that no measurement wrote"):
        empty_folder(tmp_path / "other", log)
    with pytest.raises(InputError, match=r"the log .* is in it"):
        empty_folder(tmp_path / "work", written)
    assert written.exists()


@pytest.mark.parametrize(
    ("path", "name"),
    [("ml-latest-small", "ml-latest-small"), ("Beauty.txt", "beauty"), ("A_B.csv.gz", "a-b")],
)
def test_name_of_a_log_is_one_that_a_pipeline_may_have(path: str, name: str) -> None:
    assert log_name(Path("somewhere") / path) == name


def test_configuration_says_how_to_run_it(tmp_path: Path) -> None:
    log = write_pairs(tmp_path / "log.txt")
    settings: Any = configured(log, tmp_path / "work")
    text = (tmp_path / "work" / "config.yaml").read_text()
    assert f"# Command:  twotower run {tmp_path}/work/config.yaml\n" in text
    assert settings.output == str(tmp_path / "work" / "run")
