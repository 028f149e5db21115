"""Adapters that recognise public logs and turn them into input of the pipeline."""

from pathlib import Path

from benchmarks.quality.logs import configuration, movielens, sequences, sessions
from benchmarks.quality.logs.adapter import Adapter, PreparedLog
from schemas.errors import InputError

__all__ = ["ADAPTERS", "Adapter", "PreparedLog", "recognise"]

# The first adapter that matches is used. Sequence logs have the least specific format and come
# last.
ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter
    for adapter in (
        *movielens.ADAPTERS,
        configuration.ADAPTER,
        *sessions.ADAPTERS,
        *sequences.ADAPTERS,
    )
}


def recognise(log: Path, name: str | None = None) -> Adapter:
    """Returns the adapter of a log.

    Args:
      log: A file or a folder.
      name: The format; None to recognise it by the content of the log.

    Raises:
      InputError: The log does not exist, or it has none of the formats.
    """
    if not log.exists():
        raise InputError(f"{log}: no such file or folder")
    if name is not None:
        return ADAPTERS[name]
    for adapter in ADAPTERS.values():
        if adapter.matches(log):
            return adapter
    known = "\n".join(f"  {name}: {adapter.description}" for name, adapter in ADAPTERS.items())
    raise InputError(
        f"{log}: format not recognised; the known formats are\n{known}\n"
        "Give the format with --format, or describe the log in a configuration of the pipeline and "
        "give that file"
    )
