"""The summary is plain text: verdict, aligned metrics, gates with their results, and paths."""

from typing import Any

from components.run_reporter.collect import collect_metrics, collect_run
from components.run_reporter.summary import align, render_summary
from tests.components.run_reporter import runs


def summary(
    steps: list[dict[str, Any]] | None = None,
    fragments: dict[str, dict[str, Any]] | None = None,
    **changes: Any,
) -> list[str]:
    fragments = runs.fragments() if fragments is None else fragments
    steps = runs.steps() if steps is None else steps
    run = runs.run(**changes)
    metrics, record = collect_metrics(fragments, run), collect_run(steps, fragments, run)
    return render_summary(metrics, record).splitlines()


def test_columns_are_aligned() -> None:
    assert align([["a", "1", "x"], ["long", "22", ""]], left=1) == ["a      1  x", "long  22"]


def test_the_metrics_of_model_and_baselines_are_aligned_in_columns() -> None:
    lines = summary()
    start = next(i for i, line in enumerate(lines) if line.startswith("test metrics"))
    table = lines[start : start + 7]
    assert table[0].split() == ["test", "metrics", "recall@10", "recall@100", "ndcg@10", "mrr"]
    assert table[1].split() == ["this", "model", "0.1874", "0.7461", "0.1031", "0.0900"]
    assert table[2].split()[3:5] == ["0.1774–0.1974", "0.7361–0.7561"]
    assert [row.split("  ")[0] for row in table[3:]] == [
        "markov",
        "item knn",
        "recent popularity",
        "popularity",
    ]
    assert len({len(row) for row in table}) == 1


def test_the_currently_served_model_is_listed_before_the_baselines() -> None:
    fragments = runs.fragments()
    fragments["RetrievalEvaluator"]["test"]["current"] = runs.ranking(0.05)
    names = [line.split("  ")[0] for line in summary(fragments=fragments)]
    assert names.index("currently served") < names.index("markov")


def test_gates_are_listed_with_result_and_reason() -> None:
    fragments = runs.fragments()
    fragments["ScannIndexer"]["gates"] = [runs.gate("index.recall", False, "search wider")]
    lines = summary(fragments=fragments)
    assert any(line.startswith("✓  data.reject_fraction") for line in lines)
    rejected = next(line for line in lines if line.startswith("✗  index.recall"))
    assert rejected.split()[2:] == ["0.2", "0.1", "search", "wider"]


def test_a_gate_that_passed_undecided_has_a_mark_of_its_own() -> None:
    fragments = runs.fragments()
    undecided = {**runs.gate("model.against_markov"), "verdict": "undecided"}
    fragments["RetrievalEvaluator"]["gates"] = [undecided]
    assert any(line.startswith("!  model.against_markov") for line in summary(fragments=fragments))


def test_paths_are_listed_with_the_model_first() -> None:
    lines = summary()
    assert "model   runs/demo/serving/demo/1719848123" in lines
    assert "log     runs/demo/run.log" in lines


def test_the_summary_of_a_failed_run_has_the_step_the_cause_and_the_remedy() -> None:
    lines = summary(runs.steps("TwoTowerTrainer"), {}, exit_code=1, error="out of memory")
    assert lines[0] == "Failed in TwoTowerTrainer: nothing was pushed"
    assert lines[1] == "out of memory"
    assert "run the same command again" in lines[2]
    assert not any(line.startswith("test metrics") for line in lines)
