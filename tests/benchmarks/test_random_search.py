"""Tests of the draws of the random search and of its table."""

from pathlib import Path

from benchmarks.random_search import RECIPE, SPACE, draw_trials, table
from pipeline.config import load_settings

CONFIG = Path(__file__).parents[2] / "pipeline" / "configs" / "demo.yaml"


def row(recall: float) -> dict[str, object]:
    return {"drawn": ["a=1"], "validation": {"recall@10": recall}, "epochs": 3, "seconds": 12.4}


def test_every_value_of_the_space_is_drawn_and_valid() -> None:
    trials = draw_trials(60, seed=3)

    assert trials == draw_trials(60, seed=3)
    assert trials.pop(RECIPE) == []
    drawn = {setting for settings in trials.values() for setting in settings}
    assert len(drawn) == sum(len(values) for values in SPACE.values())
    for settings in trials.values():
        load_settings(str(CONFIG), settings)


def test_recipe_may_be_the_best_and_a_trial_may_diverge() -> None:
    failed = row(0.0) | {"failed": "training diverged at epoch 2"}

    text = table({RECIPE: row(0.2), "trial 1": row(0.16), "trial 2": failed})

    assert "| trial 2 | diverged: training diverged at epoch 2 |" in text
    assert text.endswith("The recipe reaches 125.0% of the best of 2 trials.")


def test_best_trial_comes_first_and_the_recipe_is_compared_with_it() -> None:
    text = table({RECIPE: row(0.19), "trial 1": row(0.1), "trial 2": row(0.2)})

    order = [line.split(" | ")[0] for line in text.splitlines()[2:5]]
    assert order == ["| trial 2", f"| {RECIPE}", "| trial 1"]
    assert text.endswith("The recipe reaches 95.0% of the best of 2 trials.")
