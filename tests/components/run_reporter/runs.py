"""Records of the runner and fragments of the steps, for complete, rejected and failed runs."""

from typing import Any

CUTOFFS = (1, 5, 10, 20, 50, 100)
STEPS = (
    ("CurrentModel", 0.1),
    ("CatalogueExampleGen", 3.2),
    ("InteractionExampleGen", 21.4),
    ("EventsStatistics", 9.8),
    ("DataGate", 0.4),
    ("WindowsTransform", 24.0),
    ("TwoTowerTrainer", 84.6),
    ("RetrievalEvaluator", 12.9),
    ("TowerRefit", 20.3),
    ("ScannIndexer", 17.3),
    ("VersionedPusher", 0.6),
)


def ranking(recall_at_10: float) -> dict[str, float]:
    """Returns the metrics of a ranking whose recall grows with a fixed power of K."""
    recalls = {f"recall@{k}": round(min(1.0, recall_at_10 * (k / 10) ** 0.6), 4) for k in CUTOFFS}
    return {
        **recalls,
        "ndcg@10": round(recall_at_10 * 0.55, 4),
        "mrr": round(recall_at_10 * 0.48, 4),
        "coverage@10": 0.61,
    }


def around(values: dict[str, float]) -> dict[str, list[float]]:
    """Returns an interval of 0.01 on both sides of each value."""
    return {name: [value - 0.01, value + 0.01] for name, value in values.items()}


def gate(name: str, passed: bool = True, reason: str = "within the limit") -> dict[str, Any]:
    """Returns a gate result of value 0.2 and threshold 0.1."""
    return {"name": name, "passed": passed, "value": 0.2, "threshold": 0.1, "reason": reason}


def diagnosis() -> dict[str, Any]:
    """Returns a diagnosis with exact parity and embeddings of effective rank 3."""
    statistics = {
        "norm": {"p1": 3.1, "p50": 4.2, "p99": 5.3},
        "collapsed_dimensions": 61,
        "effective_rank": 2.9,
    }
    shares = {"head": 0.5, "middle": 0.3, "tail": 0.2, "never_trained": 0.0, "gini": 0.7}
    return {
        "parity": {"max_difference": 3.4e-6, "equal_lists": 1.0, "tolerance": 1e-5},
        "embeddings": {
            "dim": 64,
            "query": statistics,
            "candidate": statistics,
            "hubness": {"skewness": 3.21, "top_percent_share": 0.074},
        },
        "consumption": {"recommended": shares, "consumed": {**shares, "head": 0.41}},
    }


def profile() -> dict[str, Any]:
    """Returns the distribution of the kept events of two days, three users and four items."""
    return {
        "period_s": 86_400,
        "events_by_period": {
            "eval": [[1_704_240_000, 3]],
            "test": [[1_704_240_000, 2]],
            "train": [[1_704_153_600, 12], [1_704_240_000, 4]],
        },
        "users_by_events": [[1, 1, 2], [2, 3, 0], [4, 7, 1]],
        "items_by_rank": [[1, 11], [2, 6], [4, 2]],
        "top_items": [[0.01, 0.5], [0.1, 0.5], [0.5, 0.8]],
    }


def serving() -> dict[str, Any]:
    """Returns the manifest of a served version."""
    return {
        "name": "demo",
        "version": "1710000000",
        "pushed_at": "2024-03-09T16:00:00+00:00",
        "version_set": "python3.10",
        "metrics": {"recall@10": 0.1717, "mrr": 0.0818},
        "sizes": {"items": 1600, "listed_items": 1250, "items_in_training": 1500},
        "provenance": {
            "code": {"commit": "c0ffee"},
            "run": {"config_hash": "fedc", "config": {"name": "demo", "model": {"dim": 32}}},
        },
    }


def illustrations() -> dict[str, Any]:
    """Returns one user, two misses and a map of four items."""
    miss = {"item": 3, "history": [0, 1], "rank": 1234, "train_events": 5}
    return {
        "users": [
            {
                "past_events": 17,
                "history": [0, 1],
                "recommended": [2, 3],
                "withheld": [[3, 2]],
                "num_withheld": 4,
            }
        ],
        "misses": {
            "lowest": [{**miss, "baseline": None, "baseline_rank": None}],
            "lost": [{**miss, "rank": 77, "baseline": "item_knn", "baseline_rank": 3}],
        },
        "map": {"sampled": True, "points": [[n, 1.5 * n, -n, 10 * n] for n in range(4)]},
        "items": {
            "id": ["a", "b", "c", "d"],
            "title": ["Alpha", "Beta", "", "Delta & Sons"],
            "category": ["x", "y", "x", "(missing)"],
            "category_feature": "genre",
        },
    }


def fragments() -> dict[str, dict[str, Any]]:
    """Returns the fragments of the steps of a complete run, by component."""
    model = ranking(0.1874)
    baselines = {
        "popularity": ranking(0.0612),
        "recent_popularity": ranking(0.1013),
        "item_knn": ranking(0.1207),
        "markov": ranking(0.1442),
    }
    leads = {
        f"model_minus_{name}": around({key: model[key] - value for key, value in other.items()})
        for name, other in baselines.items()
    }
    split = {"first": "2024-01-01T00:00:00+00:00", "last": "2024-05-01T00:00:00+00:00"}
    written: tuple[dict[str, Any], ...] = (
        {"component": "CurrentModel", "serving": serving()},
        {
            "component": "CatalogueExampleGen",
            "read": 2004,
            "kept": 2000,
            "rejects": {"duplicate": 4},
            "items": 2000,
            "logged_only": 0,
            "never_logged": 64,
            "seconds": 3.0,
        },
        {
            "component": "InteractionExampleGen",
            "read": 201_530,
            "kept": 198_764,
            "rejects": {"unparseable": 803, "duplicate": 1412, "future_timestamp": 551},
            "splits": {
                "train": {"events": 159_011, "windows": 8123, "targets": 120_544, **split},
                "eval": {"events": 19_876, "windows": 2711, "targets": 15_020, **split},
                "test": {"events": 19_877, "windows": 2698, "targets": 15_102, **split},
            },
            "users_file": {"read": 3011, "kept": 3000, "rejects": {"bad_value": 11}},
            "users": 2987,
            "items": 2000,
            **split,
            "profile": profile(),
            "seconds": 20.9,
        },
        {"component": "DataGate", "gates": [gate("data.reject_fraction")]},
        {
            "component": "TwoTowerTrainer",
            "epochs": 8,
            "best_epoch": 7,
            "seconds": 80.1,
            "targets_per_second": 12_034.5,
            "parameters": 412_345,
            "candidates": 2000,
            "as_of": "2026-03-01T12:00:00+00:00",
            "recipe": [
                {"key": "model.dim", "value": 64, "reason": "128,368 targets to learn from"},
                {"key": "train.loss", "value": "full_softmax", "reason": "2,000 candidates"},
                {"key": "model.share_item_table", "value": False, "reason": "64 targets an item"},
                {"key": "train.label_smoothing", "value": None, "reason": "enough targets"},
            ],
            "validation": {"recall@10": 0.21},
            "history": [
                {
                    "epoch": epoch,
                    "loss": 6.1 - 0.9 * epoch**0.5,
                    "val_loss": 6.2 - 0.8 * epoch**0.5,
                    "val_factorized_top_k/top_10_categorical_accuracy": 0.08 * epoch**0.5,
                    "val_factorized_top_k/top_100_categorical_accuracy": 0.2 * epoch**0.5,
                }
                for epoch in range(1, 9)
            ],
        },
        {
            "component": "TowerRefit",
            "kind": "continue",
            "rehearsal": {
                "learned_until_s": 1_772_000_000,
                "targets": 8_040,
                "learned_targets": 24_100,
                "users": 1_302,
                "metrics": {
                    name: {
                        "continued": 0.222,
                        "proven": 0.2,
                        "gain": 0.022,
                        "interval": [0.011, 0.033],
                    }
                    for name in ("recall@10", "ndcg@10", "mrr")
                },
            },
            "learned_until": "2026-03-26T12:00:00+00:00",
            "epochs": 2,
            "targets": {"new": 32_140, "replayed": 32_138},
            "new_items": 136,
            "new_users": 171,
            "candidates": 2000,
            "targets_per_second": 11_034.5,
            "history": [{"epoch": 1, "loss": 4.1}, {"epoch": 2, "loss": 4.0}],
            "seconds": 20.1,
            "gates": [gate("refit.rehearsal"), gate("refit.finite")],
        },
        {
            "component": "RetrievalEvaluator",
            "protocol": {"name": "successive", "targets": 15_102, "users": 2410, "sampled": False},
            "test": {"model": model, "baselines": baselines},
            "confidence": {"model": around(model), **leads},
            "protocols": {
                "window": {
                    "protocol": {"name": "window", "queries_with_items_before_the_window": 9_876},
                    "test": {
                        "model": {**ranking(0.1855), "repeats@10": 0.0483},
                        "baselines": {"markov": {**ranking(0.1422), "repeats@10": 0.1234}},
                    },
                    "confidence": {"model": around(ranking(0.1855))},
                },
                "all_future": {
                    "protocol": {"name": "all_future", "queries": 2410, "targets": 14_987},
                    "test": {"model": ranking(0.1511), "baselines": {"markov": ranking(0.1322)}},
                    "confidence": {"model": around(ranking(0.1511))},
                },
            },
            "baselines": {
                "popularity": {},
                "markov": {"window": 10, "decay": 0.8, "eval_recall@10": 0.1412},
                "ease": {"left_out": "40,000 items, above 10,000"},
            },
            "diagnosis": diagnosis(),
            "slices": {
                "past_events": {
                    part: {
                        "users": users,
                        "targets": 4 * users,
                        "small": users < 30,
                        "recall@10": 0.18,
                        "ndcg@10": 0.1,
                        "mrr": 0.09,
                        "interval": {"recall@10": [0.1666, 0.1999]},
                        "difference": {"markov": [-0.0111, 0.0222]},
                        "baselines": {"popularity": 0.05, "item_knn": 0.1207, "markov": None},
                    }
                    for part, users in (("0", 12), ("10+", 1800), ("3-9", 410))
                }
            },
            "slice_intervals": {
                "metric": "recall@10",
                "baseline": "markov",
                "intervals": 6,
                "level": 0.95,
                "level_of_each": 1 - 0.05 / 6,
                "min_users": 60,
            },
            "gates": [gate("model.against_popularity", reason="recall@10 0.1874 against 0.0612")],
            "sizes": {"items": 2000, "items_in_training": 1900, "training_targets": 120_544},
            "illustrations": illustrations(),
            "seconds": 12.5,
        },
        {
            "component": "ScannIndexer",
            "index": {
                "kind": "scann",
                "plan": {"kind": "scann", "num_leaves": 44, "reason": "recall target 0.99 is met"},
                "curve": [
                    {
                        "leaves_to_search": 3,
                        "recall": 0.9712,
                        "search_ms": 0.21,
                        "is_enough": False,
                    },
                    {"leaves_to_search": 7, "recall": 0.9934, "search_ms": 0.34, "is_enough": True},
                ],
                "signatures": {
                    "candidate_embedding": {"calls": 17, "overlap": None},
                    "recommend": {"calls": 17, "overlap": 0.9934},
                },
                "parity": {
                    "max_difference": 7.5e-07,
                    "equal_lists": 1.0,
                    "tolerance": 1e-05,
                    "ambiguous": 0,
                    "missing": 0,
                    "signatures": {
                        "candidate_embedding": {
                            "equal_lists": None,
                            "max_difference": 2.5e-07,
                            "rows": 128,
                        },
                        "recommend": {"equal_lists": 1.0, "max_difference": 7.5e-07, "rows": 64},
                    },
                },
                "load_seconds": 0.81,
                "recall@100": 0.9934,
                "latency_ms": {"p50": 1.72, "p99": 3.9},
                "candidates": 2000,
                "size_bytes": 2_345_678,
                "memory_bytes": 151_000_000,
            },
            "gates": [gate("index.recall")],
            "seconds": 17.0,
        },
        {
            "component": "VersionedPusher",
            "pushed": True,
            "label": "stable",
            "version": "1719848123",
            "serving_path": "runs/demo/serving/demo/1719848123",
            "portable_path": "runs/demo/serving_portable/demo/1719848123",
            "content_hash": "ab" * 32,
            "reason": "version 1719848123 published at runs/demo/serving/demo/1719848123.",
            "gates": [],
            "seconds": 0.5,
        },
    )
    return {fragment["component"]: fragment for fragment in written}


def steps(failed: str | None = None, error: str | None = None) -> list[dict[str, Any]]:
    """Returns the steps of a run, skipped after the failed one, each with a fragment folder."""
    records: list[dict[str, Any]] = []
    status = "complete"
    for name, seconds in STEPS:
        if name == failed:
            status = "failed"
        records.append(
            {
                "component": name,
                "status": status,
                "seconds": 0.0 if status == "skipped" else seconds,
                "fragment_uris": [f"pipeline_root/{name}"],
                "error": error if status == "failed" else None,
                "peak_memory_bytes": None if status == "skipped" else 1_234_000_000,
            }
        )
        status = "skipped" if status == "failed" else status
    return records


def run(**changes: Any) -> dict[str, Any]:
    """Returns the runner's record of a run."""
    return {
        "name": "demo",
        "config_path": "pipeline/configs/demo.yaml",
        "config": {
            "name": "demo",
            "output": "runs/demo",
            "model": {"dim": 64},
            "index": {"recall_target": 0.99},
        },
        "config_hash": "0123456789abcdef",
        "version_set": "python3.10",
        "versions": {"python": "3.10.13", "tensorflow": "2.16.2", "scann": "1.3.2"},
        "started": "2024-07-01T15:31:07+00:00",
        "status": "pushed",
        "exit_code": 0,
        "error": None,
        "gates": [],
        "paths": {"report": "runs/demo/report.html", "log": "runs/demo/run.log"},
        **changes,
    }
