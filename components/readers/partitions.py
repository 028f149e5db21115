"""Into how many parts the events are cut by user, so that each fits into a worker's memory."""

from components.readers.files import find_files
from schemas.source_settings import SourceSettings

# Each partition is cleaned, sorted and encoded as a whole: its events take about twice the memory
# of their text.
_BYTES_PER_PARTITION = 16 << 20
_MIN_PARTITIONS = 4
_MAX_PARTITIONS = 1_024
_COMPRESSED_SUFFIXES = (".gz", ".bz2", ".zst", ".zstd")
_COMPRESSED_FORMATS = ("parquet", "avro")
_TYPICAL_COMPRESSION = 6


def choose_num_partitions(*sources: SourceSettings) -> int:
    """By the size of what is cut by user; the most where a query does not tell its size."""
    if any(source.query is not None for source in sources):
        return _MAX_PARTITIONS
    size = sum(map(_num_bytes, sources))
    return min(max(-(-size // _BYTES_PER_PARTITION), _MIN_PARTITIONS), _MAX_PARTITIONS)


def _num_bytes(source: SourceSettings) -> int:
    return sum(
        file.size_in_bytes * (_TYPICAL_COMPRESSION if _is_compressed(file.path, source) else 1)
        for file in find_files(source.paths, source.range)
    )


def _is_compressed(path: str, source: SourceSettings) -> bool:
    return source.format in _COMPRESSED_FORMATS or path.lower().endswith(_COMPRESSED_SUFFIXES)
