"""Keyed hashes of user ids, and the sample of users, of a log without plain ids.

The id is normalised before (`components.id_normalisation`), so that all spellings of one id have
one hash. Logs join if they were hashed with the same key.
"""

import hashlib
import hmac

from schemas.errors import InputError

# A shorter key could be found by trying all of them.
MIN_KEY_BYTES = 16
_FINGERPRINT_DIGITS = 8
_SAMPLE_BYTES = 8


def hashed_user_id(user_id: str, key: bytes) -> str:
    """Returns the HMAC-SHA256 (RFC 2104) of a normalised user id, 64 hexadecimal digits.

    >>> hashed_user_id("u00780", b"an example of a key")[:16]
    '1f3a731f890480a2'
    """
    return hmac.new(key, user_id.encode(), hashlib.sha256).hexdigest()


def key_fingerprint(key: bytes) -> str:
    """Returns a text that differs between two keys and does not reveal them."""
    return hashed_user_id("fingerprint", key)[:_FINGERPRINT_DIGITS]


def read_user_key(path: str) -> bytes:
    """Reads a key from a file, without white space at both ends.

    Raises:
      InputError: The file cannot be read, or the key is too short.
    """
    try:
        with open(path, "rb") as file:
            key = file.read().strip()
    except OSError as error:
        raise InputError(
            f"{path}: the key of user ids cannot be read: {error}; expected the file with which "
            "the log is hashed, or for a new log the output of `openssl rand -hex 32`"
        ) from error
    if len(key) < MIN_KEY_BYTES:
        raise InputError(
            f"{path}: the key of user ids has {len(key)} bytes; expected at least "
            f"{MIN_KEY_BYTES}, such as the output of `openssl rand -hex 32`"
        )
    return key


def is_sampled(name: str, share: float, key: bytes = b"") -> bool:
    """Returns whether a user is in the sample, always the same for the same user and key.

    A smaller sample is part of a larger one.

    Args:
      name: The normalised user id.
      share: The share of users in the sample, 0 to 1.
      key: The key of user ids; empty if ids are logged as they are.
    """
    if share >= 1.0:
        return True
    # The prefix makes the sample independent of other uses of the hash, such as an A/B test.
    digest = hmac.new(key, b"sample\0" + name.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:_SAMPLE_BYTES], "big") < share * 2 ** (8 * _SAMPLE_BYTES)
