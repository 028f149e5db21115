"""A feature may have any name: its values arrive unchanged at every step and in every request."""

import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipeline.feature_names.flow import (
    check_parity,
    check_raw_values,
    check_requests,
    ingest_case,
    make_case,
    serve_case,
)
from tests.pipeline.feature_names.hostile_names import NAME, internal_names

# Internal names are divided among chains: one chain with all of them takes many minutes.
_NUM_PARTS = 4
_SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


def names(least: int, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(
        NAME,
        min_size=least,
        max_size=most,
        unique_by=lambda name: unicodedata.normalize("NFC", name),
    )


def check(drawn: list[str]) -> None:
    """Takes features with the drawn names through every step."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case = make_case(drawn, folder)
        ingested = ingest_case(case)
        check_raw_values(case, ingested)
        served = serve_case(case, ingested, folder)
        check_parity(case, ingested, served, folder / "towers")
        check_requests(case, ingested, served)


@settings(max_examples=1, suppress_health_check=_SLOW, derandomize=True)
@given(drawn=names(6, 6))
def test_values_arrive_under_any_name(drawn: list[str]) -> None:
    check(drawn)


@pytest.mark.nightly
@settings(max_examples=3, suppress_health_check=_SLOW)
@given(drawn=names(18, 18))
def test_values_arrive_under_many_names(drawn: list[str]) -> None:
    check(drawn)


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(_NUM_PARTS))
def test_values_arrive_under_internal_names(part: int) -> None:
    check(list(internal_names()[part::_NUM_PARTS]))
