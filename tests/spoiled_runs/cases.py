"""Ways to spoil a run, with the gate that refuses each and a part of its sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.config_schema.build import build_schemas
from components.data_gate.catalogue_size import catalogue_size_gate
from components.data_gate.drift import drift_gate
from components.data_gate.record_search import find_no_records
from components.data_gate.reject_gates import reject_gates
from components.gate import GateResult
from components.indexer.gate import index_gates
from components.indexer.search.search_plan import SearchKind, SearchPlan
from schemas.serving_settings import IndexSettings, PushSettings
from schemas.settings import DataSettings
from tests.components.data_gate.statistics import TABLE, statistics_of
from tests.components.example_gen import logs
from tests.spoiled_runs import models
from tests.spoiled_runs.models import Log

NO_COMPARISON: dict[str, Any] = {"not_worse_than": (), "max_drop": None, "max_slice_drop": None}
PROBED = {
    "faults": [],
    "signatures": {"recommend": {"calls": 3, "overlap": 1.0, "overlap_error": 0.0}},
    "memory_bytes": {"first": 0, "all": 0},
    "latency_ms": {"p50": 1.0, "p99": 4.0},
    "twin": {"signatures": {}, "faults": []},
}
TREE = SearchPlan(SearchKind.SCANN_TREE_HASH, "", num_leaves=50, leaves_to_search=7)


@dataclass(frozen=True)
class Case:
    """A spoiled run.

    Attributes:
      spoiled: What was spoiled.
      gate: The gate that refuses it.
      sentence: A part of the gate's reason.
      gates: Returns the results of the gates of the step, from the log of the models.
    """

    spoiled: str
    gate: str
    sentence: str
    gates: Callable[[Log], list[GateResult]]


def rejected_records(log: Log) -> list[GateResult]:
    """Returns the gates on a log of which a quarter cannot be read."""
    folder = _folder(log, "unreadable")
    lines = [logs.event(f"u{n % 20}", f"i{n % 7}", n) for n in range(300)]
    return _ingest(logs.settings(folder, [*lines, *["not json"] * 100]), folder)


def poisoned_day(log: Log) -> list[GateResult]:
    """Returns the gates on a log in which a bot clicks one item all day long."""
    folder = _folder(log, "poisoned")
    lines = [logs.event(f"u{n % 20}", f"i{n % 7}", 1000 * n) for n in range(300)]
    bot = [logs.event("bot", "i1", 100_000 + n) for n in range(200)]
    limit = {"user_rate_limit": {"events": 50, "per": "day"}}
    return _ingest(logs.settings(folder, [*lines, *bot], reject=limit), folder)


def _folder(log: Log, name: str) -> Path:
    folder = log.folder / name
    folder.mkdir(exist_ok=True)
    return folder


def _ingest(data: DataSettings, folder: Path) -> list[GateResult]:
    report = logs.run(data, folder).report
    return reject_gates("interactions", data.interactions, report.read, report.rejects)


def drifted_feature(log: Log) -> list[GateResult]:
    """Returns the gates on events whose prices are in another currency than those of training."""
    prices = [float(n % 50) for n in range(500)]
    return [
        drift_gate(
            statistics_of(price=[100.0 * price for price in prices]),
            build_schemas(TABLE, None).events,
            statistics_of(price=prices),
            find_no_records,
        )
    ]


def low_index_recall(log: Log) -> list[GateResult]:
    """Returns the gates on an index that finds 95 of the 100 nearest items."""
    return index_gates(0.95, TREE, PROBED, 1, IndexSettings())


def broken_signature(log: Log) -> list[GateResult]:
    """Returns the gates on an exported model whose lists are not in order."""
    probed = {**PROBED, "faults": ["recommend: scores are not in descending order"]}
    return index_gates(1.0, TREE, probed, 1, IndexSettings())


def truncated_catalogue(log: Log) -> list[GateResult]:
    """Returns the gates on an export of five items, where 2,000 are served."""
    return [catalogue_size_gate(5, "7", 2000, PushSettings().max_catalogue_drop)]


CASES = (
    Case(
        "the model was trained for one step",
        "model.against_served",
        "worse: recall@10 is 0.2100, that of version 7, which serves, 1.0000",
        lambda log: log.gates(models.one_step()),
    ),
    Case(
        "the embeddings of the items were shuffled",
        "model.against_served",
        "worse: recall@10 is 0.0375, that of version 7, which serves, 1.0000",
        lambda log: log.gates(models.shuffled_items()),
    ),
    Case(
        "the same in the first run, where a baseline is better",
        "model.against_markov",
        "worse: recall@10 is 0.0375, that of the baseline markov 0.9738",
        lambda log: log.gates(models.shuffled_items(), served=False),
    ),
    Case(
        "the query tower collapsed",
        "model.embedding_health",
        "the query embeddings are almost equal to each other: the embeddings have collapsed",
        lambda log: log.gates(models.collapsed_queries(), served=False),
    ),
    Case(
        "bots clicked one item on one day",
        "data.interaction_reject_fraction",
        "over_rate_limit 200",
        poisoned_day,
    ),
    Case(
        "the model was trained on a day of bots, which no limit rejected",
        "model.against_served",
        "worse: recall@10 is 0.2000, that of version 7, which serves, 1.0000",
        lambda log: log.gates(models.learned_bots()),
    ),
    Case(
        "the model is worse than what serves",
        "model.against_served",
        "a loss of 5 % (0.0500) is accepted: keep what serves",
        lambda log: log.gates(models.worse_in_part(), not_worse_than=()),
    ),
    Case(
        "the model is as good as a baseline of which it must be better",
        "model.against_markov",
        "cannot be distinguished from chance: the model must be better than this baseline",
        lambda log: log.gates(models.like_counts(), served=False, better_than=("markov",)),
    ),
    Case(
        "the model ignores the history of the users of one country",
        "model.served_slices",
        "users.country se: recall@10 is",
        lambda log: log.gates(
            models.good_towers(), country=models.SMALL_COUNTRY, max_drop=0.2, not_worse_than=()
        ),
    ),
    Case(
        "everyone is recommended the same few items",
        "model.coverage",
        "the model recommends the same few items to everyone",
        lambda log: log.gates(
            models.learned_bots(), served=False, min_coverage=0.5, **NO_COMPARISON
        ),
    ),
    Case(
        "the exported towers compute something else than the trained ones",
        "model.parity",
        "query_embedding differs from training by 2.0e-01",
        lambda log: log.gates(models.good_towers(), sample=models.other_training()),
    ),
    Case(
        "a quarter of the log cannot be read",
        "data.interaction_reject_fraction",
        "unparseable 100",
        rejected_records,
    ),
    Case(
        "the prices of the log are in another currency",
        "data.drift",
        "price: Jensen-Shannon divergence is",
        drifted_feature,
    ),
    Case(
        "the export of the catalogue was truncated",
        "data.catalogue_size",
        "5 items, 0.0025 of the 2,000 items of version 7",
        truncated_catalogue,
    ),
    Case(
        "the index finds too few of the nearest items",
        "index.recall",
        "below index.recall_target 0.99",
        low_index_recall,
    ),
    Case(
        "a signature of the exported model is broken",
        "index.signatures",
        "the exported model violates the contract of its signatures",
        broken_signature,
    ),
)
