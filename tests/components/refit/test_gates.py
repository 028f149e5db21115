"""The gates of refitted towers, on given ranks and embeddings."""

from dataclasses import replace

import numpy as np
import pytest

from components.gate import Verdict
from components.refit.gates import finite_gate, health_gate, old_windows_gate, rehearsal_gate
from components.refit.target_ranks import TargetRanks

NUM_USERS = 200
RNG = np.random.default_rng(4)
VECTORS = RNG.normal(size=(50, 8)).astype(np.float32)
PROVEN = TargetRanks(RNG.integers(1, 6, NUM_USERS), np.arange(NUM_USERS), VECTORS, VECTORS)


@pytest.mark.parametrize(
    ("factor", "passed"), [(1, True), (4, False)], ids=["equal ranks", "four times the ranks"]
)
def test_towers_that_forget_split_train_are_refused(factor: int, passed: bool) -> None:
    refitted = replace(PROVEN, ranks=PROVEN.ranks * factor)

    gate = old_windows_gate(refitted, PROVEN, seed=1)

    assert gate.passed is passed
    assert ("has forgotten" in gate.reason) is not passed
    assert (gate.verdict is Verdict.WORSE) is not passed


def test_a_collapsed_space_is_refused() -> None:
    collapsed = np.outer(VECTORS[:, 0], np.ones(8)).astype(np.float32)

    gate = health_gate(replace(PROVEN, candidates=collapsed), PROVEN)

    assert not gate.passed
    assert gate.value == pytest.approx(1.0, abs=1e-3)
    assert health_gate(PROVEN, PROVEN).passed


@pytest.mark.parametrize("part", ["queries", "candidates"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_embedding_that_is_not_finite_is_refused(part: str, value: float) -> None:
    vectors = VECTORS.copy()
    vectors[3, 2] = value

    spoiled = (
        replace(PROVEN, queries=vectors)
        if part == "queries"
        else replace(PROVEN, candidates=vectors)
    )

    assert not finite_gate(spoiled).passed
    assert finite_gate(PROVEN).passed


def test_without_a_rehearsal_the_gate_is_undecided() -> None:
    gate = rehearsal_gate(None)

    assert (gate.passed, gate.is_warning) == (True, True)
