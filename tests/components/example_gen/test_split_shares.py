"""Splits that events of equal time distort are reported."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.example_gen.split import quantile_boundaries
from components.example_gen.split_shares import (
    SplitShares,
    check_split_shares,
    split_shares,
    split_warnings,
)
from schemas.errors import InputError
from schemas.target_settings import SplitSettings
from tests.components.example_gen.logs import event, run, settings

SECOND_US = 1_000_000


def shares_of(times_s: list[int], eval_fraction: float = 0.1) -> SplitShares:
    times_us = np.array(times_s, np.int64) * SECOND_US
    fractions = SplitSettings(eval_fraction=eval_fraction)
    boundaries = quantile_boundaries(times_us, eval_fraction, fractions.test_fraction)
    shares = split_shares(times_us, boundaries, fractions)
    assert shares is not None
    return shares


@pytest.mark.parametrize(
    ("times_s", "is_reported"),
    [
        (list(range(1_000)), False),
        ([n // 100 for n in range(1_000)], False),
        ([0, 1, 2], False),
        ([0, 1, 2, 2], False),
        (list(range(100)) + [500] * 380, True),
        ([0] * 950 + list(range(1, 51)), True),
        ([n // 334 for n in range(1_000)], True),
    ],
    ids=["no ties", "ties fit", "three", "four", "import last", "import first", "three days"],
)
def test_distorted_splits_are_reported(times_s: list[int], is_reported: bool) -> None:
    shares = shares_of(times_s)
    check_split_shares("log.csv", shares)
    assert bool(split_warnings(shares)) == is_reported


def test_the_text_names_shares_instant_and_remedy() -> None:
    [text] = split_warnings(shares_of([*range(100), *[500] * 380]))
    assert text.startswith(
        "split: train has 99 of the 384 events that correspond to its fraction, eval has 1 of the "
        "48 events that correspond to its fraction, test has 380 of the 48 events that correspond "
        "to its fraction, because events of the same instant are not separated: 380 of 480 kept "
        "events are at 1970-01-01T00:08:20Z. "
    )
    assert "split.eval_start" in text
    assert "leave_one_out" in text


@pytest.mark.parametrize(
    ("times_s", "split"),
    [
        ([0, *[1] * 998, 2], "train has 1 of the 800"),
        ([*[0] * 1_998, 1, 2], "eval has 1 of the 200"),
    ],
    ids=["train", "eval"],
)
def test_an_almost_empty_split_is_an_error(times_s: list[int], split: str) -> None:
    with pytest.raises(InputError, match=rf"log\.csv: split: .*{split}.* are at 1970"):
        check_split_shares("log.csv", shares_of(times_s))


@given(st.lists(st.integers(0, 12), min_size=3), st.sampled_from([0.05, 0.1, 0.3, 0.49]))
def test_the_counts_are_those_of_the_splits(times_s: list[int], eval_fraction: float) -> None:
    shares = shares_of(times_s, eval_fraction)
    assert shares.num_events == sum(shares.actual.values()) == len(times_s)
    assert shares.tied == max(times_s.count(time) for time in times_s)
    assert times_s.count(shares.tied_us // SECOND_US) == shares.tied
    if len(set(times_s)) == len(times_s) and min(shares.wanted.values()) > 0:
        assert shares.actual == shares.wanted
    split_warnings(shares)


def test_other_splits_have_no_shares() -> None:
    times_us = np.arange(9)
    by_instant = SplitSettings(eval_start="2024-01-01", test_start="2024-02-01")
    for chosen in (SplitSettings(policy="leave_one_out"), by_instant):
        assert split_shares(times_us, None, chosen) is None


def test_an_ingestion_reports_the_distortion(tmp_path: Path) -> None:
    log = [event(f"u{n % 9}", f"i{n}", min(n, 60)) for n in range(240)]
    warnings = run(settings(tmp_path, log), tmp_path).report.warnings
    [text] = [warning for warning in warnings if warning.startswith("split")]
    assert "test has 180 of the 24 events" in text
    assert "180 of 240 kept events are at 1970-01-01T00:01:00Z" in text


def test_a_log_of_one_instant_names_it(tmp_path: Path) -> None:
    log = [event("u", f"i{n}", 60) for n in range(9)]
    with pytest.raises(InputError, match="9 of 9 kept events are at 1970-01-01T00:01:00Z"):
        run(settings(tmp_path, log), tmp_path)
