"""Tests of the ablation's table and of the settings of its variants."""

from pathlib import Path

import pytest

from benchmarks.ablation import RECIPE, VARIANTS, table
from pipeline.config import load_settings

CONFIG = Path(__file__).parents[2] / "pipeline" / "configs" / "demo.yaml"


def row(recall: float) -> dict[str, object]:
    values = {"recall@10": recall, "ndcg@10": recall / 2, "recall@100": 2 * recall}
    return {
        "validation": {"recall@10": recall},
        "epochs": 3,
        "seconds": 12.4,
        "successive": values,
        "first": values,
    }


def test_table_has_one_line_per_variant() -> None:
    heads, _, first, second = table({RECIPE: row(0.2), "encoder: mean": row(0.1)}).splitlines()

    assert heads.startswith("| variant | eval recall@10 | successive recall@10 |")
    assert first.startswith("| the recipe | 0.2000 | 0.2000 | 0.1000 | 0.4000 |")
    assert second.endswith("| 3 | 12 |")
    assert heads.count("|") == first.count("|") == second.count("|")


@pytest.mark.parametrize("name", VARIANTS)
def test_settings_of_every_variant_are_valid(name: str) -> None:
    load_settings(str(CONFIG), VARIANTS[name])
