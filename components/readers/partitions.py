"""The number of partitions by user, chosen so that each fits into the memory of a worker."""

from components.readers.files import find_files
from components.readers.formats.table import format_of
from schemas.source_settings import SourceSettings

# Each partition is cleaned, sorted and encoded as a whole: its events take about twice the memory
# of their text.
_BYTES_PER_PARTITION = 16 << 20
_MIN_PARTITIONS = 4
_MAX_PARTITIONS = 1_024
_COMPRESSED_SUFFIXES = (".gz", ".bz2", ".zst", ".zstd")
_TYPICAL_COMPRESSION = 6


def choose_num_partitions(*sources: SourceSettings) -> int:
    """Returns the number of partitions for the files of all sources together.

    The size of a query's result is not known in advance: with a query it is the maximum.
    """
    if any(source.query is not None for source in sources):
        return _MAX_PARTITIONS
    size = sum(map(_num_bytes, sources))
    return min(max(-(-size // _BYTES_PER_PARTITION), _MIN_PARTITIONS), _MAX_PARTITIONS)


def _num_bytes(source: SourceSettings) -> int:
    """The estimated uncompressed size of a source's files, in bytes."""
    return sum(
        file.size_in_bytes * (_TYPICAL_COMPRESSION if _is_compressed(file.path, source) else 1)
        for file in find_files(source.paths, source.range)
    )


def _is_compressed(path: str, source: SourceSettings) -> bool:
    return format_of(source).is_compressed or path.lower().endswith(_COMPRESSED_SUFFIXES)
