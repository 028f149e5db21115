"""A console whose streams a test reads."""

import io
from dataclasses import dataclass

from pipeline.console import Console


@dataclass(frozen=True)
class RecordedConsole(Console):
    """Streams in memory."""

    progress: io.StringIO
    result: io.StringIO


def console() -> RecordedConsole:
    return RecordedConsole(io.StringIO(), io.StringIO())
