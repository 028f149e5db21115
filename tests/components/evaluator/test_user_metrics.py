"""The file with the metrics of each user, and the digest of the targets."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.evaluator.user_metrics import (
    USER_METRICS_FILE,
    UserMetrics,
    read_user_metrics,
    targets_digest,
    write_user_metrics,
)
from schemas.errors import InputError

Target = tuple[bytes, int, bytes]
TARGETS = st.lists(
    st.tuples(st.binary(max_size=3), st.integers(0, 20), st.binary(max_size=3)), max_size=6
)


def digest(targets: list[Target]) -> str:
    users, times, items = ([target[part] for target in targets] for part in range(3))
    as_bytes = [np.array([*column, None], object)[:-1] for column in (users, items)]
    return targets_digest(as_bytes[0], np.array(times, np.int64), as_bytes[1])


@given(TARGETS, TARGETS)
def test_the_digest_is_equal_for_equal_sets_of_targets_only(
    one: list[Target], other: list[Target]
) -> None:
    assert (digest(one) == digest(other)) == (sorted(one) == sorted(other))


@given(TARGETS, st.data())
def test_the_order_of_the_targets_does_not_matter(
    targets: list[Target], data: st.DataObject
) -> None:
    assert digest(data.draw(st.permutations(targets))) == digest(targets)


def test_metrics_are_read_as_they_were_written(tmp_path: Path) -> None:
    by_user = {"recall@10": np.array([0.0, 1 / 3, 1.0]), "mrr": np.array([0.5, 0.25, 1.0])}

    write_user_metrics(str(tmp_path), UserMetrics("abc", by_user))
    read = read_user_metrics(str(tmp_path))

    assert read is not None
    assert (read.targets_digest, read.num_users, list(read.by_user)) == ("abc", 3, [*by_user])
    for name, values in by_user.items():
        np.testing.assert_allclose(read.by_user[name], values, atol=1e-7)


def test_an_evaluation_without_the_file_has_none(tmp_path: Path) -> None:
    assert read_user_metrics(str(tmp_path)) is None


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / USER_METRICS_FILE).write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        read_user_metrics(str(tmp_path))
