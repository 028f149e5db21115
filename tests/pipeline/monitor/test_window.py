"""Durations on the command line."""

import pytest

from pipeline.monitor.window import parse_window
from schemas.errors import InputError


@pytest.mark.parametrize("text", ["", "1", "d", "0d", "-1d", "1.5h", "1w", " 1d", "1d ", "\u0661d"])
def test_other_texts_are_errors(text: str) -> None:
    with pytest.raises(InputError, match="expected a number and a unit"):
        parse_window(text)
