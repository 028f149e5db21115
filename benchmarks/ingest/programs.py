"""The programs that the ingestion benchmark compares, and the measurement of one run."""

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.ingest.generated_log import log_settings, write_log
from schemas.settings import DataSettings

_BYTES_PER_MAXRSS = 1024  # Linux reports kilobytes
_WARM_UP_EVENTS = 1_000
_PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)

# Reads a log and writes below an output folder.
Program = Callable[[Path, Path, DataSettings], None]


@dataclass(frozen=True)
class IngestMeasurement:
    """The time and memory of one run.

    Attributes:
      wall_s: Wall time in seconds.
      cpu_s: CPU time in seconds, of the process and its children.
      peak_rss_bytes: Peak memory of the process, imports included, or of its largest child.
    """

    wall_s: float
    cpu_s: float
    peak_rss_bytes: int


def measure(name: str, log: Path, output: Path) -> IngestMeasurement:
    """Runs one program in this process, which should be a fresh one, and measures it.

    The program first ingests a small log as a warm-up, because Beam imports many modules in its
    first pipeline.

    Args:
      name: A key of `PROGRAMS`.
      log: The log to ingest.
      output: An empty folder.
    """
    program = PROGRAMS[name]()
    with TemporaryDirectory() as folder:
        warm_up = Path(folder, "log.jsonl")
        write_log(warm_up, _WARM_UP_EVENTS)
        program(warm_up, Path(folder, "output"), log_settings(str(warm_up)))
    data = log_settings(str(log))
    begin_s, begin_cpu_s = time.perf_counter(), _cpu_s()
    program(log, output, data)
    wall_s, cpu_s = time.perf_counter() - begin_s, _cpu_s() - begin_cpu_s
    peak = max(resource.getrusage(who).ru_maxrss for who in _PROCESSES)
    return IngestMeasurement(wall_s, cpu_s, peak * _BYTES_PER_MAXRSS)


def digests_of_output(output: Path) -> dict[str, dict[str, Any]]:
    """Returns the digests of the examples below `output`.

    The import is local, so that processes that run a program do not import TensorFlow for it.
    """
    from benchmarks.ingest.digests import split_digests

    return split_digests(output)


def _cpu_s() -> float:
    usages = [resource.getrusage(who) for who in _PROCESSES]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _arrow(num_threads: int) -> Program:
    from benchmarks.ingest import arrow_numpy

    def program(log: Path, output: Path, data: DataSettings) -> None:
        arrow_numpy.ingest(log, output, data, num_threads)

    return program


def _element_wise() -> Program:
    from benchmarks.ingest import element_wise

    return element_wise.ingest


def _interactions() -> Program:
    """Returns the ingestion of InteractionExampleGen."""
    import apache_beam as beam

    from components.example_gen.ingest import Outputs, ingest

    def program(log: Path, output: Path, data: DataSettings) -> None:
        names = ("windows", "events", "users", "rejects")
        outputs = Outputs(**{name: str(output / name) for name in names})
        # The catalogue is read only in strict mode, so that its path may be empty.
        ingest(data, "", outputs, beam.Pipeline)

    return program


def _catalogue() -> Program:
    """Returns the ingestion of CatalogueExampleGen; without an items file it reads the log."""
    import apache_beam as beam

    from components.catalogue_gen.ingest import ingest_catalogue

    def program(log: Path, output: Path, data: DataSettings) -> None:
        examples, rejects = str(output / "catalogue"), str(output / "catalogue_rejects")
        ingest_catalogue(data, examples, rejects, beam.Pipeline)

    return program


ARROW = "Arrow + NumPy, 1 thread"
ARROW_PARALLEL = f"Arrow + NumPy, {os.cpu_count()} threads"
TWOTOWER, CATALOGUE, ELEMENT_WISE = "twotower", "twotower, catalogue", "element-wise Beam"

# Each function imports the libraries of its program, so that no process imports those of another.
PROGRAMS: dict[str, Callable[[], Program]] = {
    ARROW: lambda: _arrow(1),
    ARROW_PARALLEL: lambda: _arrow(os.cpu_count() or 1),
    TWOTOWER: _interactions,
    CATALOGUE: _catalogue,
    ELEMENT_WISE: _element_wise,
}
