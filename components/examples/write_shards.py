"""Writes byte strings as compressed shards, renamed to their final names when complete."""

import os
import uuid
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

TEMPORARY = ".temporary"

# The fastest level: examples are read once or twice, and level 1 takes a third of level 6's time.
_COMPRESSION_LEVEL = 1
_GZIP_WBITS = 31
_MAX_SHARD_BYTES = 128 << 20
_MAX_PENDING_CHUNKS = 4
_MIME_TYPE = "application/octet-stream"


class WriteShards(beam.PTransform[Any, Any]):
    """Writes framed chunks as the GZIP TFRecord shards of splits of Examples artifacts.

    Input: PCollections of (split, bytes). Output: the paths of the shards. Every bundle writes its
    own files into `.temporary` next to the folder of the split; when all are complete, they are
    renamed to `data_tfrecord-00000-of-00003.gz`. A split without chunks becomes one empty file.
    One transform writes all splits, because a sink of Beam takes a tenth of a second per split.
    """

    def __init__(self, folders: dict[str, str]):
        """Constructs the transform.

        Args:
          folders: The folder of the shards, by split.
        """
        super().__init__()
        self._folders = folders

    # Beam would use the annotations as type hints, which cannot describe a tuple of PCollections.
    @beam.typehints.no_annotations
    def expand(
        self, chunks: tuple[beam.PCollection[tuple[str, bytes]], ...]
    ) -> beam.PCollection[str]:
        """Writes the chunks of each PCollection, then renames the files of all."""
        # Chunks are written before the PCollections are flattened, so that none is shuffled.
        written = [
            part | f"WriteTemporary{index}" >> beam.ParDo(_WriteTemporary(self._folders))
            for index, part in enumerate(chunks)
        ]
        no_file = chunks[0].pipeline | "Splits" >> beam.Create(
            [(split, None) for split in self._folders], reshuffle=False
        )
        return (
            [*written, no_file]
            | "Files" >> beam.Flatten()
            | "GroupBySplit" >> beam.GroupByKey()
            | "Publish" >> beam.ParDo(_Publish(self._folders))
        )


class _GzipFile:
    """An open file with a gzip member per chunk, so that chunks are compressed in parallel."""

    def __init__(self, path: str, pool: ThreadPoolExecutor):
        self.path = path
        self.size = 0
        self._pool = pool
        self._pending: deque[Future[bytes]] = deque()
        self._file = FileSystems.create(
            path, mime_type=_MIME_TYPE, compression_type=CompressionTypes.UNCOMPRESSED
        )

    def write(self, data: bytes) -> None:
        self._pending.append(self._pool.submit(_member, data))
        if len(self._pending) > _MAX_PENDING_CHUNKS:
            self._append()

    def close(self) -> None:
        while self._pending:
            self._append()
        self._file.close()

    def _append(self) -> None:
        compressed = self._pending.popleft().result()
        self.size += len(compressed)
        self._file.write(compressed)


def _member(data: bytes) -> bytes:
    # zlib releases the interpreter lock.
    compressor = zlib.compressobj(_COMPRESSION_LEVEL, zlib.DEFLATED, _GZIP_WBITS)
    return compressor.compress(data) + compressor.flush()


class _WriteTemporary(beam.DoFn):
    """(split, bytes) → (split, complete temporary file)."""

    def __init__(self, folders: dict[str, str]):
        self._folders = folders

    def setup(self) -> None:
        self._pool = ThreadPoolExecutor(os.cpu_count())

    def teardown(self) -> None:
        self._pool.shutdown()

    def start_bundle(self) -> None:
        self._open: dict[str, _GzipFile] = {}

    def process(self, element: tuple[str, bytes]) -> Iterator[tuple[str, str]]:
        split, data = element
        if split not in self._open:
            self._open[split] = _GzipFile(_temporary_path(self._folders[split]), self._pool)
        file = self._open[split]
        file.write(data)
        if file.size >= _MAX_SHARD_BYTES:
            del self._open[split]
            file.close()
            yield split, file.path

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for split, file in self._open.items():
            file.close()
            yield WindowedValue((split, file.path), 0, (GlobalWindow(),))
        self._open = {}


class _Publish(beam.DoFn):
    """(split, its complete temporary files) → their final paths, renamed."""

    def __init__(self, folders: dict[str, str]):
        self._folders = folders

    def process(self, element: tuple[str, Iterable[str | None]]) -> Iterator[str]:
        split, written = element
        folder = self._folders[split]
        temporary = sorted(path for path in written if path is not None)
        if not temporary:
            temporary = [_empty_file(folder)]
        final = [
            FileSystems.join(folder, f"data_tfrecord-{shard:05d}-of-{len(temporary):05d}.gz")
            for shard in range(len(temporary))
        ]
        make_folder(folder)
        _remove_others(FileSystems.join(folder, "data_tfrecord-*"), final)
        _move(temporary, final)
        yield from final


def _empty_file(folder: str) -> str:
    path = _temporary_path(folder)
    with FileSystems.create(path, _MIME_TYPE, CompressionTypes.UNCOMPRESSED) as file:
        file.write(_member(b""))
    return path


def _remove_others(pattern: str, final: list[str]) -> None:
    """Deletes shards of an earlier attempt with another number of shards."""
    existing = {file.path for file in FileSystems.match([pattern])[0].metadata_list}
    stale = sorted(existing - set(final))
    if stale:
        FileSystems.delete(stale)


def _move(sources: list[str], targets: list[str]) -> None:
    """Renames files, except those that an earlier attempt has already renamed."""
    moves = [
        (source, target)
        for source, target in zip(sources, targets, strict=True)
        if FileSystems.exists(source) or not FileSystems.exists(target)
    ]
    if moves:
        FileSystems.rename(*map(list, zip(*moves, strict=True)))


def _temporary_path(folder: str) -> str:
    path = _temporary_folder(folder)
    make_folder(path)
    return FileSystems.join(path, uuid.uuid4().hex)


def _temporary_folder(folder: str) -> str:
    """Returns a folder next to `folder`, because readers read every file in `folder`."""
    return FileSystems.join(os.path.dirname(folder), TEMPORARY)


def write_gzip(path: str, chunks: Iterable[bytes]) -> None:
    """Writes chunks into one gzip file, which gets its final name when it is complete."""
    temporary = _temporary_path(path)
    with ThreadPoolExecutor(1) as pool:
        file = _GzipFile(temporary, pool)
        file.write(b"")
        for chunk in chunks:
            file.write(chunk)
        file.close()
    FileSystems.rename([temporary], [path])


def write_file(path: str, data: bytes) -> None:
    """Writes one file, which gets its final name when it is complete."""
    temporary = _temporary_path(path)
    with FileSystems.create(temporary, mime_type=_MIME_TYPE) as file:
        file.write(data)
    FileSystems.rename([temporary], [path])


def make_folder(path: str) -> None:
    """Creates a folder unless it exists, also if another worker creates it at the same time."""
    try:
        FileSystems.mkdirs(path)
    except OSError:
        if not FileSystems.exists(path):
            raise


def remove_temporary(folders: Iterable[str]) -> None:
    """Deletes the temporary files of failed attempts; called when the pipeline has finished."""
    for path in sorted({_temporary_folder(folder) for folder in folders}):
        # Object stores have no folders: delete the files first, then the folder if it exists.
        remaining = FileSystems.match([FileSystems.join(path, "*")])[0].metadata_list
        if remaining:
            FileSystems.delete([file.path for file in remaining])
        if FileSystems.exists(path):
            FileSystems.delete([path])
