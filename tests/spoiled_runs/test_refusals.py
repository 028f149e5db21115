"""Each spoiled run is refused by the right gate with the right sentence; what serves stays.

`python -m tests.spoiled_runs.table` prints the cases with the sentences of their gates.
"""

from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from components.gate import GateRejectedError, GateResult
from tests.components.pusher.bundles import write_bundle
from tests.components.pusher.push import Push, blessing
from tests.spoiled_runs import models
from tests.spoiled_runs.cases import CASES, Case
from tests.spoiled_runs.models import Log

# What a run with these gates has in place of an artifact of DataGate, whose error ends the run.
BLESSINGS = {
    "model": ("model_blessing", standard_artifacts.ModelBlessing),
    "index": ("infra_blessing", standard_artifacts.InfraBlessing),
}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return models.write_log(tmp_path_factory.mktemp("log"))


def test_a_good_run_is_not_refused(log: Log) -> None:
    for served in (False, True):
        gates = log.gates(models.good_towers(), served)
        assert [gate.name for gate in gates if not gate.passed] == []


@pytest.mark.parametrize("case", CASES, ids=[case.spoiled for case in CASES])
def test_a_spoiled_run_is_refused_and_what_serves_stays(
    case: Case, log: Log, tmp_path: Path
) -> None:
    gates = {gate.name: gate for gate in case.gates(log)}

    assert not gates[case.gate].passed, gates[case.gate].reason
    assert case.sentence in gates[case.gate].reason
    check_that_nothing_is_pushed(list(gates.values()), tmp_path)


def check_that_nothing_is_pushed(gates: list[GateResult], folder: Path) -> None:
    """Pushes another bundle with the blessings of these gates: a refused one changes no file."""
    step = gates[0].name.partition(".")[0]
    if step == "data":
        # DataGate raises this error, so that no later step runs.
        assert GateRejectedError(gates).failed
        return
    push = Push(folder)
    served = push.run()["version"]
    before = push.destination.files()
    write_bundle(folder / "bundle", "another graph")
    key, kind = BLESSINGS[step]
    push.inputs[key] = blessing(kind, folder, int(all(gate.passed for gate in gates)))

    fragment = push.run()

    assert not fragment["pushed"]
    assert "was denied" in fragment["reason"]
    assert push.destination.files() == before
    assert push.destination.visible() == ([served], [served])
