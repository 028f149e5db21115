"""The starter configuration of logs in well-known forms."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import load_settings
from pipeline.init.checks import checks_of
from pipeline.init.proposal import Proposal, propose
from pipeline.init.render import render
from schemas.settings import to_json
from tests.pipeline.init.starter_logs import STARTER_LOGS, StarterLog


def proposal_of(log: StarterLog) -> Proposal:
    """Returns the proposal for a log in the working directory."""
    return propose(log.log, log.items, log.users, {})


def value_at(values: Any, path: str) -> Any:
    """Returns the value at a path of keys; None if there is none."""
    for key in path.split("/"):
        values = (values or {}).get(key)
    return values


@pytest.mark.parametrize("log", STARTER_LOGS, ids=lambda log: log.name)
def test_a_log_in_a_well_known_form_is_understood(
    log: StarterLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log.write(tmp_path)
    proposal = proposal_of(log)
    text = render(proposal, "starter.yaml")

    (tmp_path / "starter.yaml").write_text(text, encoding="utf-8")
    values = json.loads(to_json(load_settings("starter.yaml")))
    assert {path: value_at(values, path) for path in log.expected} == log.expected, text
    assert {check.split(":")[0] for check in checks_of(proposal)} == set(log.checks), text
    comments = [line for line in text.splitlines() if line.strip().startswith("#")]
    assert max(map(len, comments)) <= 100
