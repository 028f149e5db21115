"""Public logs as this pipeline's input: what is recognised, and the configuration it becomes."""

from pathlib import Path

from benchmarks.quality.logs import configuration, movielens, sequences, sessions
from benchmarks.quality.logs.adapter import Adapter, Prepared
from schemas.errors import InputError

__all__ = ["ADAPTERS", "Adapter", "Prepared", "recognise"]

# In the order in which they are asked: sequence files, which have the least to tell them by, last.
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
    """The adapter of a log.

    Args:
      log: A file or a folder.
      name: The format, where the caller knows it; else it is told by the log's content.

    Raises:
      InputError: There is no such log, or it looks like none of the formats.
    """
    if not log.exists():
        raise InputError(f"{log}: no such file or folder")
    if name is not None:
        return ADAPTERS[name]
    for adapter in ADAPTERS.values():
        if adapter.matches(log):
            return adapter
    known = "\n".join(f"  {name}: {adapter.looks_like}" for name, adapter in ADAPTERS.items())
    raise InputError(
        f"{log}: not recognised; looked for\n{known}\n"
        "Say which it is with --format, or describe the log in a configuration of the pipeline "
        "and give that file"
    )
