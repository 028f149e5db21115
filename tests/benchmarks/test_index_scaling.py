"""Tests of the stages of the index benchmark with a small index, and of its table."""

from pathlib import Path

from benchmarks.index_scaling import build, load_searcher, serve, table

NUM_ITEMS, DIM, SEED = 2_000, 8, 1


def test_index_is_built_saved_loaded_and_searched(tmp_path: Path) -> None:
    built = build(tmp_path, NUM_ITEMS, DIM, SEED)
    searcher = load_searcher(tmp_path)
    served = serve(tmp_path)

    vectors_mib = NUM_ITEMS * DIM * 4 / 2**20
    assert built["disk_mib"] > vectors_mib  # also ScaNN's own copy, codes and ids
    assert all(value > 0 for value in built.values())
    # An index of this size uses brute force: a lower recall means that ids or rows are mixed up.
    assert served["recall"] == 1
    assert served["query_ms"] > 0
    assert set(searcher) == {"searcher_mib"}


def test_table_gives_sizes_as_multiples_of_the_vectors() -> None:
    row = {
        "items": 100_000,
        "dim": 64,
        "vectors_mib": 25.0,
        "build_seconds": 1.5,
        "build_peak_mib": 1234.0,
        "save_seconds": 2.5,
        "disk_mib": 50.0,
        "load_seconds": 0.5,
        "searcher_mib": 55.0,
        "memory_mib": 60.0,
        "recall": 0.98765,
        "query_ms": 0.25,
        "batch_query_ms": 0.125,
    }

    heads, rule, cells = table([row]).splitlines()

    assert [cell.strip() for cell in cells.strip("|").split("|")] == [
        "100,000 × 64",
        "1.5",
        "1,234",
        "2.5",
        "50",
        f"{50 / 25:.2f}",
        "0.5",
        "55",
        f"{55 / 25:.2f}",
        "60",
        "0.9877",
        "0.250",
        "0.125",
    ]
    assert heads.count("|") == rule.count("|") == cells.count("|")
