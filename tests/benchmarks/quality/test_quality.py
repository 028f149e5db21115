"""Tests of the quality benchmark: tables, memory measurement, failed runs, and a whole run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality.measured_run import (
    MeasuredRun,
    RunFailedError,
    run_pipeline,
    tree_memory_bytes,
)
from benchmarks.quality.table import render_tables
from pipeline.exit_codes import ExitCode

ROOT = Path(__file__).parents[3]
MEGABYTE = 2**20


def results(recall: float, name: str = "successive") -> dict[str, Any]:
    """Returns the part of `metrics.json` with the results of one protocol."""
    return {
        "protocol": {"name": name, "targets": 12_000, "users": 70, "candidates": 900},
        "test": {
            "model": {"recall@10": recall, "recall@100": 0.5, "ndcg@10": 0.1, "coverage@10": 0.9},
            "baselines": {
                "item_knn": {"recall@10": 0.125, "recall@100": 0.25, "ndcg@10": 0.1},
                "popularity": {"recall@10": 0.25, "recall@100": 0.5, "ndcg@10": 0.2},
            },
        },
        "confidence": {
            "model": {"recall@10": [recall - 0.1, recall + 0.1]},
            "model_minus_item_knn": {"recall@10": [recall - 0.25, recall]},
        },
    }


def make_run(
    seed: int = 17, recall: float = 0.25, exit_code: ExitCode = ExitCode.PUSHED, **metrics: Any
) -> MeasuredRun:
    seconds = {"InteractionExampleGen": 3.0, "CatalogueExampleGen": 1.0, "TwoTowerTrainer": 20.0}
    record = {
        "components": [
            {"component": name, "seconds": spent, "status": "complete"}
            for name, spent in seconds.items()
        ],
        "training": {"epochs": 8, "best_epoch": 6, "targets_per_second": 10_534.4},
        "verdict": {"headline": "Rejected", "cause": "recall of the index is 0.5.", "remedy": ""},
        "versions": {"python": "3.10.1", "scann": "1.3.2"},
    }
    all_metrics = {**results(recall), **metrics}
    return MeasuredRun(
        seed, f"twotower run {seed}", exit_code, 30.0, 2_500_000_000, all_metrics, record
    )


def rows_of(text: str, part: int) -> list[list[str]]:
    """Returns the cells of one part of the text, without its title."""
    lines = text.split("\n\n")[part].splitlines()
    return [re.split(r"\s{2,}", line.strip()) for line in lines[1:]]


def test_table_lists_model_intervals_and_baselines_from_best_to_worst() -> None:
    title, *_ = render_tables([make_run()]).splitlines()
    assert title == "successive: 12,000 targets, 70 users, 900 candidates"
    assert rows_of(render_tables([make_run()]), 0) == [
        ["recall@10", "recall@100", "ndcg@10"],
        ["this model", "0.2500", "0.5000", "0.1000"],
        ["95 % interval", "0.1500–0.3500"],
        ["popularity", "0.2500", "0.5000", "0.2000"],
        ["item knn", "0.1250", "0.2500", "0.1000"],
        ["model minus baseline, 95 %", "+0.0000 … +0.2500"],
    ]


def test_every_protocol_has_a_table_with_the_headline_protocol_first() -> None:
    protocols = {name: results(0.5, name) for name in ("all_future", "last")}
    text = render_tables([make_run(recall=0.25, protocols=protocols)])
    parts = text.split("\n\n")
    assert [part.partition(":")[0] for part in parts[:3]] == ["successive", "last", "all future"]
    assert [rows_of(text, part)[1][1] for part in range(3)] == [
        "0.2500",
        "0.5000",
        "0.5000",
    ]


def test_title_gives_the_number_of_users_sampled_from() -> None:
    run = make_run()
    run.metrics["protocol"] |= {"sampled": True, "sampled_from_users": 8_000}
    title, *_ = render_tables([run]).splitlines()
    assert title.endswith("900 candidates, drawn from 8,000 users")


def test_table_of_several_seeds_has_the_mean_and_each_seed() -> None:
    cells = rows_of(render_tables([make_run(17, 0.25), make_run(18, 0.35)]), 0)[1:]
    assert cells[0][:2] == ["this model, mean of 2 seeds", f"{(0.25 + 0.35) / 2:.4f}"]
    assert cells[1][:2] == ["seed 17", "0.2500"]
    assert cells[2] == ["95 % interval", "0.1500–0.3500"]
    assert cells[3][:2] == ["seed 18", "0.3500"]
    assert cells[4] == ["95 % interval", "0.2500–0.4500"]
    # The lowest and the highest bound of all seeds.
    assert cells[-1] == ["model minus baseline, 95 %", "+0.0000 … +0.3500"]


def test_seconds_add_up_to_the_whole() -> None:
    run = make_run()
    assert run.step_seconds == {
        "ingestion": 3.0 + 1.0,
        "training": 20.0,
        "evaluation": 0.0,
        "index": 0.0,
        "rest": 30.0 - 24.0,
        "whole": 30.0,
    }
    head, line = render_tables([run]).split("\n\n")[1].splitlines()
    assert head.split() == [
        *("seconds", "ingestion", "training", "evaluation", "index", "rest", "whole"),
        *("epochs", "best", "epoch", "targets/s", "peak", "memory"),
    ]
    assert re.split(r"\s{2,}", line) == [
        *("seed 17", "4.0", "20.0", "0.0", "0.0", "6.0", "30.0"),
        *("8", "6", "10,534", "2.5 GB"),
    ]


def test_notes_list_rejections_baselines_left_out_and_versions() -> None:
    baselines = {"markov": {"window": 5}, "ease": {"left_out": "the catalogue is too large"}}
    text = render_tables([make_run(exit_code=ExitCode.MODEL_REJECTED, baselines=baselines)])
    assert text.split("\n\n")[2].splitlines() == [
        "seed 17: a gate rejected the model: recall of the index is 0.5.",
        "markov: window 5",
        "ease: left out the catalogue is too large",
        "python 3.10.1  scann 1.3.2",
        "twotower run 17",
    ]
    assert "rejected" not in render_tables([make_run()])


def test_memory_includes_all_descendants() -> None:
    num_bytes = 64 * MEGABYTE
    hold = f"held = bytearray({num_bytes}); held[::4096] = b'x' * len(held[::4096])"
    wait = "print('ready', flush=True); input()"
    grandchild = f"{hold}; {wait}"
    child = (
        f"import subprocess, sys; {hold}; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        measured = tree_memory_bytes(process.pid)
        process.communicate("\n")
    interpreters = 2 * 40 * MEGABYTE
    assert 2 * num_bytes < measured < 2 * num_bytes + interpreters


def test_error_of_a_run_without_metrics_gives_the_cause(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("name: broken\n", encoding="utf-8")
    with pytest.raises(RunFailedError, match="ended with exit code 2 and without metrics"):
        run_pipeline(tmp_path / "config.yaml", tmp_path / "run", 17, [])


def run_benchmark(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.nightly
def test_whole_measurement_of_a_tiny_log(tmp_path: Path) -> None:
    sequences = [
        [user, *((user * 7 + place) % 150 + 1 for place in range(30))] for user in range(90)
    ]
    log = tmp_path / "sequences.txt"
    log.write_text(
        "".join(" ".join(map(str, sequence)) + "\n" for sequence in sequences), encoding="utf-8"
    )
    work, output = tmp_path / "work", tmp_path / "results.json"
    options = ["--output", str(work), "--json", str(output), "--set", "train.max_epochs=2"]
    done = run_benchmark("quality", str(log), *options, "--seed", "3")

    assert done.returncode == 0, done.stderr[-3000:]
    assert "user-items: lines `user item item …`: 90 users, 150 items, 2,700 events" in done.stderr
    assert "successive: 90 targets, 90 users, 150 candidates" in done.stdout
    (run,) = json.loads(output.read_text(encoding="utf-8"))["runs"]
    assert run["metrics"] == json.loads((work / "seed-3" / "metrics.json").read_text())
    assert run["config"]["train"]["seed"] == 3
    assert run["training"]["epochs"] == 2
    assert sum(run["seconds"].values()) == pytest.approx(2 * run["seconds"]["whole"], abs=0.01)
    assert run["peak_memory_bytes"] > 300 * MEGABYTE

    ablated = run_benchmark("ablation", str(work / "seed-3"), "--only", "the recipe")

    assert ablated.returncode == 0, ablated.stderr[-3000:]
    assert "| the recipe | " in ablated.stdout
