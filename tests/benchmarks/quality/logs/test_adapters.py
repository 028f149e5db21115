"""Tests that each format is recognised and that the pipeline reads all events of the log."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.quality.logs import ADAPTERS, recognise
from benchmarks.quality.logs.adapter import open_text
from benchmarks.quality.work_folder import prepare_log
from components.examples.read import read_raw_windows
from pipeline.commands.ingest import ingestion_dir, run_ingestion
from schemas.errors import InputError
from schemas.features import WINDOW_SPLITS, feature_table
from schemas.settings import Settings
from tests.benchmarks.quality.logs.small_logs import (
    NUM_EVENTS,
    NUM_EVENTS_PER_USER,
    NUM_ITEMS,
    NUM_USERS,
    WRITERS,
    configured,
    sequences,
    write_sessions,
    write_user_items,
)


def sequences_read(settings: Settings) -> dict[str, list[str]]:
    """Returns each user's targets in the windows of the pipeline, in order."""
    user_sequences: dict[str, list[str]] = {}
    for split in WINDOW_SPLITS:
        uri = f"{ingestion_dir(settings)}/windows"
        windows = read_raw_windows(uri, split, feature_table(settings.data))
        for row, user in enumerate(windows.user_id):
            events = slice(windows.offsets[row], windows.offsets[row + 1])
            is_target = windows.is_target[events]
            items = [item.decode() for item in windows.item_id[events][is_target]]
            user_sequences.setdefault(user.decode(), []).extend(items)
    return user_sequences


def test_every_adapter_has_a_small_log() -> None:
    assert list(WRITERS) == list(ADAPTERS)


@pytest.mark.parametrize("name", WRITERS)
def test_log_is_recognised_and_all_events_are_read_in_order(name: str, tmp_path: Path) -> None:
    file, write = WRITERS[name]
    log = write(tmp_path / file)

    assert recognise(log).name == name
    settings = configured(log, tmp_path / "work")
    counts = run_ingestion(settings)

    extra = 1 if name == "items" else 0
    expected = NUM_EVENTS + extra * NUM_EVENTS_PER_USER
    assert (counts["read"], counts["kept"]) == (expected, expected)
    assert counts["users"] == NUM_USERS + extra
    assert counts["catalogue"]["items"] == NUM_ITEMS
    user_sequences = [*sequences(), sequences()[0]][: NUM_USERS + extra]
    expected_sequences = {
        str(user + 1): [*map(str, sequence)] for user, sequence in enumerate(user_sequences)
    }
    assert sequences_read(settings) == expected_sequences


@pytest.mark.parametrize("name", WRITERS)
def test_no_model_is_rejected_for_its_quality(name: str, tmp_path: Path) -> None:
    file, write = WRITERS[name]
    settings = configured(write(tmp_path / file), tmp_path / "work")
    gates = settings.evaluation.gates
    assert (gates.better_than, gates.not_worse_than) == ((), ())
    assert {gates.max_drop, gates.max_slice_drop, gates.min_value} == {None}
    assert {gates.min_coverage, gates.min_effective_rank} == {None}
    assert settings.push.serving_dir is None
    assert settings.index.kind == "exact"


@pytest.mark.parametrize("name", WRITERS)
def test_split_is_temporal_for_logs_with_times(name: str, tmp_path: Path) -> None:
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


@pytest.mark.parametrize("write", [write_user_items, write_sessions], ids=["text", "csv"])
def test_gzipped_logs_are_recognised(write: Callable[[Path], Path], tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.txt")
    packed = tmp_path / "packed.txt.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert recognise(packed) is recognise(plain)
    both = [configured(log, tmp_path / f"{log.name}-work") for log in (plain, packed)]
    assert both[0].history == both[1].history
    assert both[0].interactions.fields == both[1].interactions.fields
    texts = [open_text(Path(settings.interactions.paths[0])).read() for settings in both]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "content",
    [b"", b"Call me Ishmael.\n", b"a,b\n1,2\n", b"session_id,item_id,timestamp\n", b"\xff\xfe1 2"],
)
def test_error_for_an_unknown_format_lists_all_formats(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(InputError, match="not recognised; the known formats") as raised:
        recognise(tmp_path / "log")
    for adapter in ADAPTERS.values():
        assert f"  {adapter.name}: {adapter.description}\n" in str(raised.value)
    with pytest.raises(InputError, match="not recognised"):
        recognise(tmp_path)
    with pytest.raises(InputError, match="no such file or folder"):
        recognise(tmp_path / "nothing")


@pytest.mark.parametrize("name", [name for name in ADAPTERS if name != "config"])
def test_log_of_another_format_than_the_given_one_is_rejected(name: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir() if name.startswith("movielens") else log.write_text("\n")
    adapter = recognise(log, name)
    assert adapter.name == name
    with pytest.raises(InputError, match="log"):
        prepare_log(adapter, log, tmp_path / "work", None, None)
