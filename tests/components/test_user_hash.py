"""Hashes of user ids, and the sample of users."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.user_hash import hashed_user_id, is_sampled, key_fingerprint, read_user_key
from schemas.errors import InputError

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
KEYS = st.binary(min_size=16, max_size=40)
# Ids are decoded from UTF-8, so they have no surrogates.
IDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.fixture(scope="module")
def documented() -> Any:
    """The function that the documentation shows."""
    block = re.search(r"^```\n(import hashlib.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.M)
    assert block is not None
    names: dict[str, Any] = {}
    exec(block[1], names)
    return names["hashed_user_id"]


@given(user=IDS, key=KEYS)
def test_the_hash_is_that_of_the_documentation(documented: Any, user: str, key: bytes) -> None:
    assert hashed_user_id(user, key) == documented(user, key)


@given(IDS, IDS, KEYS, KEYS)
def test_hashes_are_equal_for_equal_ids_and_keys_only(
    one: str, other: str, key: bytes, second: bytes
) -> None:
    assert (hashed_user_id(one, key) == hashed_user_id(other, key)) == (one == other)
    # HMAC pads shorter keys with zeros.
    are_equal = key.ljust(64, b"\0") == second.ljust(64, b"\0")
    assert (key_fingerprint(key) == key_fingerprint(second)) == are_equal


@given(IDS, st.binary(max_size=20), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_smaller_sample_is_part_of_a_larger_one(
    user: str, key: bytes, one: float, other: float
) -> None:
    small, large = sorted((one, other))
    assert is_sampled(user, small, key) <= is_sampled(user, large, key)
    assert is_sampled(user, 1.0, key)
    assert not is_sampled(user, 0.0, key)


@pytest.mark.parametrize("key", [b"", b"a key of 20 bytes..."])
def test_the_sample_has_the_given_share(key: bytes) -> None:
    sampled = sum(is_sampled(f"user{number}", 0.25, key) for number in range(20_000))

    # Four standard deviations.
    assert abs(sampled - 5_000) < 4 * (20_000 * 0.25 * 0.75) ** 0.5


def test_a_key_is_read_without_its_line_break(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"0123456789abcdef\n")

    assert read_user_key(str(file)) == b"0123456789abcdef"


def test_a_short_or_missing_key_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"short\n")

    with pytest.raises(InputError, match="has 5 bytes; expected at least 16"):
        read_user_key(str(file))
    with pytest.raises(InputError, match=r"cannot be read.*openssl rand"):
        read_user_key(str(tmp_path / "none"))
