"""The examples in the docstrings of the losses."""

import doctest
from types import ModuleType

import pytest

from components.trainer.losses import full_softmax, margins, pool, sampled_negatives


@pytest.mark.parametrize(
    ("module", "num_examples"),
    [(full_softmax, 4), (margins, 5), (pool, 2), (sampled_negatives, 6)],
)
def test_the_examples_give_the_documented_values(module: ModuleType, num_examples: int) -> None:
    result = doctest.testmod(module)

    assert result.failed == 0
    assert result.attempted == num_examples
