"""The programs that are compared, and one measured run of one of them in this process."""

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ingest.log import settings, write_log
from schemas.settings import DataSettings

_BYTES_PER_MAXRSS = 1024  # Linux counts kilobytes
_WARM_UP_EVENTS = 1_000

Program = Callable[[Path, Path, DataSettings], None]


@dataclass(frozen=True)
class Measured:
    """One run: seconds, and the most memory that the process held at once, imports included."""

    wall_s: float
    cpu_s: float
    peak_rss_bytes: int


def measure(name: str, log: Path, output: Path) -> Measured:
    """Runs one program; call it in a fresh process.

    A thousand events go through it first: Beam imports much of itself at its first pipeline.
    """
    program = PROGRAMS[name]()
    with TemporaryDirectory() as folder:
        warm_up = Path(folder, "log.jsonl")
        write_log(warm_up, _WARM_UP_EVENTS)
        program(warm_up, Path(folder, "output"), settings(str(warm_up)))
    data = settings(str(log))
    begun_s, begun_cpu_s = time.perf_counter(), _cpu_s()
    program(log, output, data)
    wall_s, cpu_s = time.perf_counter() - begun_s, _cpu_s() - begun_cpu_s
    peak = max(resource.getrusage(who).ru_maxrss for who in _PROCESSES)
    return Measured(wall_s, cpu_s, peak * _BYTES_PER_MAXRSS)


def digests(output: Path) -> dict[str, dict]:
    """`ingest_check.digests`; TensorFlow is imported here only."""
    from benchmarks.ingest import check as ingest_check

    return ingest_check.digests(output)


_PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _cpu_s() -> float:
    usages = [resource.getrusage(who) for who in _PROCESSES]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _floor(num_threads: int) -> Program:
    from benchmarks.ingest import floor as ingest_floor

    def program(log: Path, output: Path, data: DataSettings) -> None:
        ingest_floor.ingest(log, output, data, num_threads)

    return program


def _element_wise() -> Program:
    from benchmarks.ingest import element_wise as ingest_element_wise

    return ingest_element_wise.ingest


def _interactions() -> Program:
    """InteractionExampleGen's work."""
    import apache_beam as beam

    from components.example_gen.ingest import Outputs, ingest

    def program(log: Path, output: Path, data: DataSettings) -> None:
        names = ("windows", "events", "users", "rejects")
        outputs = Outputs(**{name: str(output / name) for name in names})
        # Without a strict catalogue no catalogue is read.
        ingest(data, "", outputs, beam.Pipeline)

    return program


def _catalogue() -> Program:
    """CatalogueExampleGen's work: the logged items, since there is no items file."""
    import apache_beam as beam

    from components.catalogue_gen.ingest import ingest_catalogue

    def program(log: Path, output: Path, data: DataSettings) -> None:
        examples, rejects = str(output / "catalogue"), str(output / "catalogue_rejects")
        ingest_catalogue(data, examples, rejects, beam.Pipeline)

    return program


FLOOR, FLOOR_PARALLEL = "floor, 1 writer thread", f"floor, {os.cpu_count()} writer threads"
OURS, CATALOGUE, ELEMENT_WISE = "twotower", "twotower, catalogue's pass", "element-wise Beam"

# Each imports what it needs when it is asked for, so that no run holds another's libraries.
PROGRAMS: dict[str, Callable[[], Program]] = {
    FLOOR: lambda: _floor(1),
    FLOOR_PARALLEL: lambda: _floor(os.cpu_count() or 1),
    OURS: _interactions,
    CATALOGUE: _catalogue,
    ELEMENT_WISE: _element_wise,
}
