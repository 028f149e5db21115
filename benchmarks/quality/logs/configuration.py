"""The adapter for a configuration of the pipeline, which describes any other log."""

from pathlib import Path

import yaml

from benchmarks.quality.logs.adapter import Adapter, PreparedLog
from schemas.errors import InputError


def _matches(log: Path) -> bool:
    return log.is_file() and log.suffix in (".yaml", ".yml")


def _prepare(log: Path, folder: Path, attributes: Path | None) -> PreparedLog:
    values = yaml.safe_load(log.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise InputError(f"{log}: expected a mapping of keys to values, got {values!r}")
    # Without `push` a measurement does not publish its model.
    kept = {key: value for key, value in values.items() if key not in ("name", "output", "push")}
    return PreparedLog(kept, f"the configuration {log}")


ADAPTER = Adapter(
    name="config",
    description="a configuration of the pipeline, NAME.yaml",
    matches=_matches,
    prepare=_prepare,
)
