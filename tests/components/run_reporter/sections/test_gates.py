"""The section on gates."""

import re

from tests.components.run_reporter import runs
from tests.components.run_reporter.pages import render, sections


def test_a_gate_may_have_a_verdict() -> None:
    verdicts = ("not_worse", "undecided", "worse")
    written = [
        {**runs.gate(f"model.{verdict}", verdict != "worse"), "verdict": verdict}
        for verdict in verdicts
    ]
    fragments = {"DataGate": {"component": "DataGate", "gates": written}}
    gates = sections(render(fragments=fragments))["Gates"]
    tags = ["worse", "undecided", "not worse"]
    assert re.findall(r'<span class="tag">([a-z ]+)</span>', gates) == tags
    assert re.findall(r'<p><span class="(\w+)"', gates) == ["fail", "warn", "pass"]
