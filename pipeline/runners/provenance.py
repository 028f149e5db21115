"""Which data, code and run make a version, for its manifest and for run.json.

VersionedPusher adds the lock: the version set and a digest of the distributions that are installed
where it runs.
"""

import json
import os
import subprocess
from typing import Any

from pipeline.runners.cache_keys import CacheKeys
from pipeline.runners.code_version import ROOT, source_version
from pipeline.runners.write_record import config_hash, config_without_ids
from pipeline.version import distribution_version
from schemas.settings import Settings

_GIT_TIMEOUT_S = 10.0


def provenance(settings: Settings, keys: CacheKeys) -> str:
    """Returns the data, code and run of a version as a JSON object.

    `data` has the fingerprints of the inputs, which are also in the cache keys; null for an input
    that this run does not read, or, in a compiled pipeline, cannot read yet. `code` has the version
    of the distribution, a hash of the source, and the commit, with `-dirty` if files differ from
    it; null outside a Git repository. `warm_start` is the version from whose towers the training
    started; null if it started from random weights. `run` has the run directory, the random id of
    the launch, the configuration without ids to erase, and its hash, which are also in run.json.

    Args:
      settings: Settings of the run.
      keys: Cache keys of the run.
    """
    return json.dumps(
        {
            **origin(keys),
            "warm_start": json.loads(keys.warm_start_from) if keys.warm_start_from else None,
            "run": {
                "directory": settings.output,
                "launch": keys.launch_id,
                "config_hash": config_hash(settings),
                "config": config_without_ids(settings),
            },
        },
        sort_keys=True,
    )


def origin(keys: CacheKeys) -> dict[str, Any]:
    """Returns the sections `data` and `code` of `provenance`, which are also in run.json."""
    return {
        "data": keys.data,
        "code": {
            "version": distribution_version(),
            "hash": source_version(),
            "commit": _commit(),
        },
    }


def _commit() -> str | None:
    # Without this check, Git would find the repository of a project that contains an installation.
    if not (ROOT / ".git").exists():
        return None
    command = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=40", "--dirty"]
    try:
        completed = subprocess.run(
            [*command, "--exclude=*"],
            capture_output=True,
            text=True,
            check=True,
            timeout=_GIT_TIMEOUT_S,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return completed.stdout.strip() or None
