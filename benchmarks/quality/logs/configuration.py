"""Any log for which a configuration of the pipeline exists: that file itself is the log."""

from pathlib import Path

import yaml

from benchmarks.quality.logs.adapter import Adapter, Prepared
from schemas.errors import InputError


def _matches(log: Path) -> bool:
    return log.is_file() and log.suffix in (".yaml", ".yml")


def _prepare(log: Path, folder: Path, attributes: Path | None) -> Prepared:
    values = yaml.safe_load(log.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise InputError(f"{log}: expected a mapping of keys to values, got {values!r}")
    # A measurement publishes nothing where users' models are served.
    kept = {key: value for key, value in values.items() if key not in ("name", "output", "push")}
    return Prepared(kept, f"the configuration {log}")


ADAPTER = Adapter(
    name="config",
    looks_like="a configuration of the pipeline, NAME.yaml",
    matches=_matches,
    prepare=_prepare,
)
