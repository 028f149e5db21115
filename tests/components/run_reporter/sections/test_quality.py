"""The section on quality: where the model loses, and the order of the baselines."""

import re

from tests.components.run_reporter import runs
from tests.components.run_reporter.pages import complete, render, sections


def test_where_the_model_loses_is_a_sentence_and_a_cell() -> None:
    fragments = runs.fragments()
    confidence = fragments["RetrievalEvaluator"]["confidence"]
    confidence["model_minus_markov"]["mrr"] = [-0.02, -0.01]
    confidence["model_minus_popularity"]["mrr"] = [-0.01, 0.01]
    quality = sections(render(fragments=fragments))["Quality"]

    assert "The model is worse in mrr (markov)." in quality
    assert "The test targets do not decide in mrr (popularity)." in quality
    better = "The model is better in recall@1 (all); recall@10 (all); recall@100 (all)"
    assert better in quality
    (row,) = re.findall(r'<tr><th scope="row">markov</th>(<td class="outcome.*?)</tr>', quality)
    assert re.findall(r'class="outcome (\w+)"', row) == [*["better"] * 4, "worse"]


def test_baselines_are_listed_below_the_model_from_best_to_worst() -> None:
    html = sections(complete())["Quality"].partition("<h3>Metrics</h3>")[2]
    names = ["this model", "markov", "item knn", "recent popularity", "popularity"]
    offsets = [html.index(f'<th scope="row">{name}</th>') for name in names]
    assert offsets == sorted(offsets)
