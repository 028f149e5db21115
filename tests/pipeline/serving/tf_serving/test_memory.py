"""Memory and disk space, from the versions on disk and the policy of their labels."""

from pathlib import Path

from components.pusher.models_config import write_labels
from pipeline.serving.tf_serving.memory import (
    SERVER_MIB,
    largest_loaded_bytes,
    largest_version_bytes,
    memory_mib,
    versions_at_switch,
)
from schemas.bundle import PROVEN_TOWERS_FOLDER

MIB = 2**20


def version(folder: Path, number: int, size: int) -> None:
    (folder / str(number) / "variables").mkdir(parents=True)
    (folder / str(number) / "saved_model.pb").write_bytes(b"x" * 10)
    (folder / str(number) / "variables" / "data").write_bytes(b"x" * (size - 10))


def test_the_largest_version_counts_with_all_its_files(tmp_path: Path) -> None:
    for number, size in ((1, 500), (2, 300)):
        version(tmp_path, number, size)
    assert largest_version_bytes(str(tmp_path)) == largest_loaded_bytes(str(tmp_path)) == 500


def test_servers_do_not_load_the_proven_towers(tmp_path: Path) -> None:
    version(tmp_path, 1, 500)
    towers = tmp_path / "1" / PROVEN_TOWERS_FOLDER
    towers.mkdir(parents=True)
    (towers / "saved_model.pb").write_bytes(b"x" * 70)
    assert largest_version_bytes(str(tmp_path)) == 570
    assert largest_loaded_bytes(str(tmp_path)) == 500


def test_a_switch_needs_the_versions_of_the_policy_and_the_new_one(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    for number in (1, 2, 3, 4):
        version(folder, number, 100)
    assert versions_at_switch(str(folder)) == 2
    write_labels(str(folder), {"stable": 4}, [1, 2, 3, 4])
    assert versions_at_switch(str(folder)) == 3
    write_labels(str(folder), {"stable": 4, "canary": 2}, [1, 2, 3, 4])
    assert versions_at_switch(str(folder)) == 5
    config = folder / "models.config"
    lines = config.read_text().replace("latest {", "all {").splitlines()
    config.write_text("\n".join(line for line in lines if "num_versions" not in line))
    assert versions_at_switch(str(folder)) == 5


def test_memory_covers_the_server_and_its_versions() -> None:
    assert memory_mib(0, 3, 3.0) == SERVER_MIB
    needed = SERVER_MIB + 3 * 2 * 100
    assert needed <= memory_mib(100 * MIB, 3, 2.0) < needed + 64
