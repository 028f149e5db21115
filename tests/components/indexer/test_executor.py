"""The executor on real artifacts, including the probe."""

import os
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tfx import types
from tfx.components.util import model_utils
from tfx.types import standard_artifacts

from components.artifacts import Bundle
from components.fragment import read_fragment
from components.indexer import build_bundle
from components.indexer.executor import Executor
from components.indexer.search import choose_index, query_kind, search_plan
from components.parity.sample_file import write_sample
from components.records.item_notes import write_notes
from schemas.serving import SIGNATURES
from schemas.serving_settings import IndexSettings
from schemas.settings import to_json
from tests.content_vectors import content_heavy_vectors
from tests.serving import shop as shop_module
from tests.serving.shop import MAX_HISTORY, Shop, make_shop
from tests.serving.shop_parity import shop_sample


def _artifact(kind: type[types.Artifact], uri: str) -> list[types.Artifact]:
    artifact = kind()
    artifact.uri = uri
    os.makedirs(uri, exist_ok=True)
    return [artifact]


def _run(
    shop: Shop, folder: Path, settings: IndexSettings, is_reindex: bool = False
) -> dict[str, Any]:
    os.makedirs(folder / "model")
    os.rename(shop.model, folder / "model" / "Format-Serving")
    outputs = {
        "bundle": _artifact(Bundle, str(folder / "bundle")),
        "infra_blessing": _artifact(standard_artifacts.InfraBlessing, str(folder / "blessing")),
    }
    Executor().Do(
        {
            "model": _artifact(standard_artifacts.Model, str(folder / "model")),
            "catalogue": _artifact(standard_artifacts.Examples, shop.catalogue),
            "windows": _artifact(standard_artifacts.Examples, shop.windows),
        },
        outputs,
        {
            "data": to_json(shop.data),
            "index_settings": to_json(settings),
            "code_version": "1",
            "is_reindex": int(is_reindex),
        },
    )
    fragment = read_fragment(outputs["bundle"][0].uri)
    assert fragment is not None
    return {"fragment": fragment, "blessing": outputs["infra_blessing"][0]}


def test_good_index_is_blessed(tmp_path: Path) -> None:
    shop = make_shop(str(tmp_path), 150)
    write_sample(shop.model, shop_sample(shop))
    write_notes(shop.catalogue, 149, {}, ["item 150"])
    result = _run(shop, tmp_path, IndexSettings(k=10, max_k=20))
    index, gates = result["fragment"]["index"], result["fragment"]["gates"]
    assert model_utils.is_infra_validated(result["blessing"])
    assert (tmp_path / "blessing" / "INFRA_BLESSED").exists()
    assert all(gate["passed"] for gate in gates)
    assert {gate["name"] for gate in gates} == {
        "index.recall",
        "index.signatures",
        "index.memory",
        "index.parity",
    }
    assert set(index["parity"]["signatures"]) == set(SIGNATURES)
    assert index["parity"]["equal_lists"] == 1.0
    assert index["kind"] == "scann_brute_force"
    assert index["recall@10"] == 1.0
    assert (index["candidates"], index["listed_items"]) == (150, 149)
    assert 0 < index["latency_ms"]["p50"] <= index["latency_ms"]["p99"]
    assert set(index["signatures"]) == set(SIGNATURES)
    assert index["index_bytes"] >= 150 * index["dim"] * np.dtype(np.float32).itemsize


def test_catalogue_of_shared_content_is_blessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop_module, "item_vectors", content_heavy_vectors)
    shop = make_shop(str(tmp_path), 6_000, dim=16)
    # Tuned for user queries alone, the search found .76 of the exact similar items.
    settings = IndexSettings(num_leaves=77, tuning_seconds=1e-3)

    fragment = _run(shop, tmp_path, settings)["fragment"]

    index, gates = fragment["index"], {gate["name"]: gate for gate in fragment["gates"]}
    assert gates["index.signatures"]["passed"], gates["index.signatures"]["reason"]
    assert gates["index.recall"]["passed"]
    assert index["signatures"]["similar_items"]["overlap"] > 0.97
    rows = {row["signature"]: row for row in index["searches"]}
    assert set(rows) == {"recommend", "serving_default", "similar_items"}
    assert {row["kind"] for row in rows.values()} == {"scann_tree_hash"}
    assert all(row["recall"] >= 0.99 and row["search_ms"] > 0 for row in rows.values())
    assert {name: row["fetch"] for name, row in rows.items()} == {
        "recommend": 200 + MAX_HISTORY,
        "serving_default": 100 + MAX_HISTORY,
        "similar_items": 101,
    }
    assert rows["recommend"]["recall"] == index["recall@100"]


def test_twin_with_an_inverted_file_is_compared_with_exact_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_plan, "MIN_INVERTED_FILE_ITEMS", 1000)
    monkeypatch.setattr(query_kind, "exact_ms", lambda kind: 1e6)
    shop = make_shop(str(tmp_path), 1203)
    write_sample(shop.model, shop_sample(shop))

    result = _run(shop, tmp_path, IndexSettings(k=10, max_k=20, recall_target=0.8))

    index, gates = result["fragment"]["index"], result["fragment"]["gates"]
    assert all(gate["passed"] for gate in gates), gates
    # Training ranks exactly, so an equal list of every query shows that the twin is not compared.
    assert index["parity"]["equal_lists"] == 1.0
    twin = index["twin"]
    assert (twin["kind"], twin["num_leaves"]) == ("inverted_file", 1203 // 8)
    assert 0 < twin["leaves_to_search"] < twin["num_leaves"]
    assert 0.8 <= twin["recall@10"] <= 1.0
    assert {row["kind"] for row in index["twin_searches"]} == {"inverted_file"}


def test_index_below_the_recall_target_is_not_blessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probed = {
        "faults": [],
        "signatures": {},
        "load_seconds": 0.1,
        "memory_bytes": {"before": 1, "loaded": 2, "first": 3, "all": 4},
        "latency_ms": {"p50": 1.0, "p99": 2.0},
        "twin": {"signatures": {}, "faults": []},
        "parity": {},
    }
    process = SimpleNamespace(result=lambda cases: probed)
    monkeypatch.setattr(build_bundle, "ProbeProcess", lambda uri: nullcontext(process))
    shop = make_shop(str(tmp_path), 300)
    monkeypatch.setattr(choose_index, "MAX_EXACT_ITEMS", 0)
    narrow = IndexSettings(k=10, max_k=20, num_leaves=30, num_leaves_to_search=1)
    result = _run(shop, tmp_path, narrow)
    failed = {gate["name"] for gate in result["fragment"]["gates"] if not gate["passed"]}
    assert failed == {"index.recall"}
    assert "no parity sample" in result["fragment"]["index"]["parity"]["left_out"]
    assert not model_utils.is_infra_validated(result["blessing"])
    assert (tmp_path / "blessing" / "INFRA_NOT_BLESSED").exists()
