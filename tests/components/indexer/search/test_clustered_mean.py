"""The mean over users and its standard error."""

import numpy as np
import pytest

from components.indexer.search.clustered_mean import clustered_mean


def test_the_error_covers_the_mean_of_dependent_queries() -> None:
    # The queries of a user have one value, so that errors over queries would be far too small.
    rng = np.random.default_rng(6)
    deviations = []
    for _ in range(300):
        value_of_user, num_queries = rng.normal(size=30), rng.integers(1, 40, 30)
        users = np.repeat(np.arange(30), num_queries)
        result = clustered_mean(value_of_user[users], users)
        assert result.error is not None
        deviations.append(result.mean / result.error)
    assert np.std(deviations) == pytest.approx(1.0, abs=0.15)


def test_a_single_user_has_no_error() -> None:
    result = clustered_mean(np.array([0.2, 0.4]), np.array([b"u", b"u"], object))
    assert (result.mean, result.error) == (pytest.approx(0.3), None)
