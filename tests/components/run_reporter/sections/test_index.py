"""The section on the index: its main measurements, the others, and its tables."""

import re

from tests.components.run_reporter.pages import complete, sections


def test_the_main_measurements_of_the_index_are_shown_and_the_others_are_collapsed() -> None:
    index = sections(complete())["Index"]
    main, _, other = index.partition("<summary>all other values</summary>")
    shown = ["kind", "candidates", "recall@100", "latency p50", "latency p99"]
    assert re.findall("<dt>(.*?)</dt>", main) == [*shown, "memory", "size", "load"]
    collapsed = re.findall("<dt>(.*?)</dt>", other.partition("</details>")[0])
    assert {"plan num leaves", "parity missing"} <= set(collapsed)
    assert not set(collapsed) & set(shown)


def test_the_parity_of_the_index_is_a_table_of_signatures() -> None:
    html = complete()
    assert "<summary>parity signatures</summary>" in html
    cells = ("candidate_embedding", "–", "2.5e-07", "128")
    assert "<tr>" + "".join(f'<td class="num">{cell}</td>' for cell in cells) + "</tr>" in html
    assert "<dt>parity max difference</dt><dd>7.5e-07</dd>" in html
    for text in ("<td>false</td>", "<td>null</td>"):  # values of the recipe
        assert text in html
