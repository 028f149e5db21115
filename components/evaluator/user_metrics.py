"""The metrics of each user and a digest of the targets, to compare models of different runs.

The file contains no user ids and no hashes of them: two runs whose digests are equal have the same
users in the same order, which is that of the sorted ids. One digest over all targets does not
reveal any of them.
"""

import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components import files
from schemas.errors import InputError

USER_METRICS_FILE = "user_metrics.npz"
_DIGEST = "targets_digest"
_DIGEST_HEX_DIGITS = 32


@dataclass(frozen=True)
class UserMetrics:
    """The metrics of a model on the queries of the headline protocol, per user.

    Attributes:
      targets_digest: Equal for the same targets of the same users (`targets_digest`).
      by_user: For each metric that has a value per user, [num_users] float64, in the order of the
        sorted user ids.
    """

    targets_digest: str
    by_user: dict[str, npt.NDArray[np.float64]]

    @property
    def num_users(self) -> int:
        """The number of users."""
        return len(next(iter(self.by_user.values())))


def targets_digest(
    user_id: npt.NDArray[np.object_],
    time_s: npt.NDArray[np.int64],
    item_id: npt.NDArray[np.object_],
) -> str:
    """Returns a digest of a set of targets, which does not depend on their order.

    Args:
      user_id: [num_targets] bytes.
      time_s: [num_targets] int64, seconds since the epoch, UTC.
      item_id: [num_targets] bytes.

    >>> users, items = np.array([b"u1", b"u2"], object), np.array([b"i1", b"i2"], object)
    >>> times = np.array([10, 20])
    >>> reverse = slice(None, None, -1)
    >>> digest = targets_digest(users, times, items)
    >>> digest == targets_digest(users[reverse], times[reverse], items[reverse])
    True
    >>> digest == targets_digest(users, times, items[reverse])
    False
    """
    targets = sorted(zip(user_id.tolist(), time_s.tolist(), item_id.tolist(), strict=True))
    digest = hashlib.sha256()
    for user, seconds, item in targets:
        # With the lengths, no two sets of targets have the same bytes.
        digest.update(b"%d:%s%d,%d:%s" % (len(user), user, seconds, len(item), item))
    return digest.hexdigest()[:_DIGEST_HEX_DIGITS]


def write_user_metrics(folder: str, metrics: UserMetrics) -> None:
    """Writes the metrics to USER_METRICS_FILE, as a compressed NumPy archive of float32."""
    arrays: Mapping[str, npt.NDArray[np.float32]] = {
        name: values.astype(np.float32) for name, values in metrics.by_user.items()
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{_DIGEST: np.array(metrics.targets_digest), **arrays})
    files.write_bytes(os.path.join(folder, USER_METRICS_FILE), buffer.getvalue())


def read_user_metrics(folder: str) -> UserMetrics | None:
    """Returns the metrics per user in the folder of an evaluation; None if it has none.

    Raises:
      InputError: The file is damaged.
    """
    path = os.path.join(folder, USER_METRICS_FILE)
    if not files.exists(path):
        return None
    try:
        with np.load(io.BytesIO(files.read_bytes(path)), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        digest = str(arrays.pop(_DIGEST))
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path}: damaged ({error}); expected the metrics of each user, as RetrievalEvaluator "
            "writes them; run `twotower run` again"
        ) from error
    return UserMetrics(digest, {name: values.astype(np.float64) for name, values in arrays.items()})
