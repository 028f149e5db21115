"""What differs between two runs, computed from the files in their directories."""

from pathlib import Path

import pytest

from components.evaluator.confidence import paired_bootstrap_intervals
from components.nested_changes import Change
from pipeline.comparison.compare import RunComparison, compare_runs
from pipeline.comparison.metrics import EQUAL, HIGHER, LOWER, UNDECIDED
from pipeline.comparison.recorded_run import read_run
from pipeline.comparison.sections import sections
from pipeline.sections import render_text
from tests.components.run_reporter import runs
from tests.pipeline.comparison.recorded_runs import PROVENANCE, hits, write_run


def compared(a: str, b: str) -> RunComparison:
    return compare_runs(read_run(a), read_run(b))


def test_a_run_does_not_differ_from_its_copy(tmp_path: Path) -> None:
    a, b = (write_run(tmp_path / name, hits(0.5)) for name in "ab")

    comparison = compared(a, b)

    assert comparison.has_same_data is True
    found = (comparison.data, comparison.configuration, comparison.recipe, comparison.code)
    assert found == ([], [], [], [])
    assert comparison.index == []
    assert comparison.metrics.is_paired
    (recall,) = comparison.metrics.metrics
    assert (recall.difference, recall.interval, recall.verdict) == (0.0, [0.0, 0.0], EQUAL)
    assert all(gate.a == gate.b for gate in comparison.gates)


@pytest.mark.parametrize(
    ("share_a", "share_b", "verdict"),
    [(0.3, 0.6, HIGHER), (0.6, 0.3, LOWER), (0.5, 0.505, UNDECIDED)],
)
def test_intervals_are_those_of_the_evaluator_and_of_b_minus_a(
    tmp_path: Path, share_a: float, share_b: float, verdict: str
) -> None:
    by_user = {"a": hits(share_a), "b": hits(share_b)}
    a, b = (write_run(tmp_path / name, values) for name, values in by_user.items())

    (recall,) = compared(a, b).metrics.metrics

    oracle = paired_bootstrap_intervals(by_user["b"], {"a": by_user["a"]}, 1000, 17)
    assert recall.interval == pytest.approx(oracle["model_minus_a"]["recall@10"])
    assert recall.verdict == verdict
    difference = by_user["b"]["recall@10"].mean() - by_user["a"]["recall@10"].mean()
    assert recall.difference == pytest.approx(difference)


def test_a_difference_by_rounding_gives_no_verdict(tmp_path: Path) -> None:
    by_user = hits(0.5)
    rounded = {name: values + 1e-15 for name, values in by_user.items()}
    a, b = write_run(tmp_path / "a", by_user), write_run(tmp_path / "b", rounded)

    (recall,) = compared(a, b).metrics.metrics

    assert recall.interval is not None
    assert 0 < recall.interval[0] < 1e-12
    assert recall.verdict == UNDECIDED


def test_few_users_give_no_verdict(tmp_path: Path) -> None:
    a, b = (
        write_run(tmp_path / n, hits(share, num_users=20)) for n, share in (("a", 0.0), ("b", 1.0))
    )

    metrics = compared(a, b).metrics

    assert metrics.metrics[0].interval == [1.0, 1.0]
    assert metrics.metrics[0].verdict == UNDECIDED
    assert "30 users are needed" in metrics.reason


def test_different_targets_are_not_paired_even_if_their_numbers_agree(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", hits(0.3), digest="one")
    b = write_run(tmp_path / "b", hits(0.6), digest="other")

    metrics = compared(a, b).metrics

    assert not metrics.is_paired
    assert "the test targets differ" in metrics.reason
    assert [(row.interval, row.verdict) for row in metrics.metrics] == [(None, None)]


def test_a_run_that_keeps_no_metrics_of_users_is_not_paired(tmp_path: Path) -> None:
    a, b = write_run(tmp_path / "a"), write_run(tmp_path / "b", hits(0.6))

    metrics = compared(a, b).metrics

    assert "run A has no metrics of each user" in metrics.reason
    assert not metrics.is_paired


def test_a_failed_run_is_compared_as_far_as_it_went(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", hits(0.5))
    b = write_run(tmp_path / "b", failed="TwoTowerTrainer", status="failed", error="it failed")

    comparison = compared(a, b)

    assert "run B has no evaluation (status 'failed')" in comparison.metrics.reason
    assert [row.b for row in comparison.metrics.metrics] == [None]
    assert comparison.data == []
    status = {row.name: (row.status_a, row.status_b) for row in comparison.components}
    assert status["InteractionExampleGen"] == ("complete", "complete")
    assert status["TwoTowerTrainer"] == ("complete", "failed")
    assert status["ScannIndexer"] == ("complete", "skipped")
    gates = {gate.name: (gate.a, gate.b) for gate in comparison.gates}
    assert all(b is None for name, (_, b) in gates.items() if name.startswith("index."))
    assert "it failed" in render_text(sections(comparison))


def test_differences_are_named_by_key(tmp_path: Path) -> None:
    config = runs.run()["config"]
    a = write_run(tmp_path / "a", hits(0.5))
    b = write_run(
        tmp_path / "b",
        hits(0.5),
        config={**config, "output": "runs/other", "model": {"dim": 128}},
        version_set="python3.12",
    )

    comparison = compared(a, b)

    assert comparison.configuration == [Change("model.dim", 64, 128)]
    assert comparison.code == [Change("version_set", "python3.10", "python3.12")]


def test_tables_of_the_index_are_not_compared(tmp_path: Path) -> None:
    a, b = (read_run(write_run(tmp_path / name, hits(0.5))) for name in "ab")
    for key in ("curve", "searches", "twin_searches"):
        b.metrics["index"][key] = [{"search_ms": 99.0}]
    b.metrics["index"]["twin"] = {"search_ms": 0.2}

    assert compare_runs(a, b).index == [Change("twin.search_ms", None, 0.2)]


def test_other_inputs_have_other_fingerprints(tmp_path: Path) -> None:
    a, b, old = (write_run(tmp_path / name, hits(0.5)) for name in ("a", "b", "old"))
    runs_read = {name: read_run(name) for name in (a, b, old)}
    runs_read[b].record["provenance"] = {
        **PROVENANCE,
        "data": {"interactions": "ffff", "catalogue": "bbbb"},
    }
    runs_read[old].record["provenance"] = None

    comparison = compare_runs(runs_read[a], runs_read[b])

    assert comparison.has_same_data is False
    assert comparison.data == [Change("fingerprint.interactions", "aaaa", "ffff")]
    assert compare_runs(runs_read[a], runs_read[old]).has_same_data is None


def test_code_that_an_older_release_did_not_record_is_missing(tmp_path: Path) -> None:
    a, old = (read_run(write_run(tmp_path / name, hits(0.5))) for name in ("a", "old"))
    old.record["provenance"] = None

    assert compare_runs(a, old).code == [
        Change("twotower.version", "0.1.0", None),
        Change("twotower.hash", "cccc", None),
        Change("twotower.commit", "dddd", None),
    ]


def test_another_number_of_candidates_is_stated(tmp_path: Path) -> None:
    a, b = (read_run(write_run(tmp_path / name, hits(0.5))) for name in "ab")
    b.metrics["protocol"]["candidates"] = 1

    reason = compare_runs(a, b).metrics.reason

    assert "candidates is" in reason
