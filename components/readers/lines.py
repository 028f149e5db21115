"""Reads the lines of text files of any size and compression, in blocks."""

import codecs
from collections.abc import Iterator
from typing import IO, NamedTuple

from components.readers.magic import check_not_compressed
from components.readers.open_input import DamagedFileError, open_input
from schemas.errors import InputError
from schemas.events import Reject, RejectReason

MAX_LINE_BYTES = 10 << 20
MAX_LINES_PER_BLOCK = 50_000

_BLOCK_BYTES = 4 << 20
_READ_BYTES = 1 << 18
_LONG_LINE_HEAD_BYTES = 10_000
# UTF-32 first: its byte order mark begins with that of UTF-16.
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8",
}


class LineBlock(NamedTuple):
    """Consecutive lines without their ends.

    Attributes:
      first: The 1-based number of the first line.
      lines: The lines.
    """

    first: int
    lines: list[bytes]


class LongLine(NamedTuple):
    """A line of more than MAX_LINE_BYTES.

    Attributes:
      line: Its 1-based number.
      head: Its first bytes; the others are not kept.
      num_bytes: Its length.
    """

    line: int
    head: bytes
    num_bytes: int

    def reject(self, path: str) -> Reject:
        """Returns the rejection of the line."""
        detail = f"a line of {self.num_bytes} bytes, expected at most {MAX_LINE_BYTES}"
        raw = f"{as_text(self.head)}… [cut: {self.num_bytes} bytes]"
        return Reject(path, self.line, RejectReason.UNPARSEABLE, detail, raw)


def as_text(line: bytes) -> str:
    """Returns a line or a record as text for display, with bytes that are not UTF-8 escaped."""
    return line.decode("utf-8", "backslashreplace")


def is_wide(encoding: str) -> bool:
    """Returns whether an encoding has more than one byte for each ASCII character."""
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def marked_encoding(head: bytes) -> str | None:
    """Returns the encoding whose byte order mark the first bytes of a file have, if any."""
    marks = _BYTE_ORDER_MARKS.items()
    return next((name for mark, name in marks if head.startswith(mark)), None)


def read_lines(path: str, encoding: str = "utf-8") -> Iterator[LineBlock | LongLine]:
    r"""Reads one file. Lines end with \n or \r\n, the last one also with the file.

    Args:
      path: The file; .gz, .bz2 and .zst are decompressed.
      encoding: The encoding of the file. UTF-16 and UTF-32 are recoded to UTF-8; the lines of
        other encodings are returned unchanged.

    Yields:
      Blocks of at most MAX_LINES_PER_BLOCK lines and, in file order, overlong lines.

    Raises:
      InputError: The file cannot be opened, its encoding differs, it is compressed without the
        suffix of its compression, or its lines end with \r.
      DamagedFileError: The file is damaged; raised after all complete lines before the damage,
        with the number of the next line.
    """
    with open_input(path) as file:
        blocks = _remove_mark(_check_uncompressed(_blocks(file), path), path, encoding)
        if is_wide(encoding):
            blocks = _remove_mark(_as_utf8(blocks, path, encoding), path, "utf-8")
        yield from _lines(_check_line_ends(blocks, path))


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yields blocks of at least _BLOCK_BYTES, except for the last one."""
    read = getattr(file, "read1", file.read)
    pieces: list[bytes] = []
    num_bytes = 0
    damage = None
    try:
        while piece := read(_READ_BYTES):
            pieces.append(piece)
            num_bytes += len(piece)
            if num_bytes >= _BLOCK_BYTES:
                yield b"".join(pieces)
                pieces, num_bytes = [], 0
    except DamagedFileError as error:
        damage = error
    if pieces:
        yield b"".join(pieces)
    if damage:
        raise damage


def _check_uncompressed(blocks: Iterator[bytes], path: str) -> Iterator[bytes]:
    first = next(blocks, b"")
    check_not_compressed(path, first)
    yield first
    yield from blocks


def _remove_mark(blocks: Iterator[bytes], path: str, encoding: str) -> Iterator[bytes]:
    first = next(blocks, b"")
    marked = marked_encoding(first)
    if marked and not codecs.lookup(encoding).name.startswith(marked):
        raise InputError(
            f"{path} begins with the byte order mark of {marked}, expected {encoding}; convert it "
            f"(iconv -f {marked} -t {encoding}) or, if it is CSV, set csv.encoding: {marked}"
        )
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from blocks


def _as_utf8(blocks: Iterator[bytes], path: str, encoding: str) -> Iterator[bytes]:
    """Recodes a file. Lone surrogates are kept and make their line undecodable later."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        for block in blocks:
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise DamagedFileError(path, f"not {encoding} text: {error.reason}") from error


def _check_line_ends(blocks: Iterator[bytes], path: str) -> Iterator[bytes]:
    first = next(blocks, b"")
    if b"\r" in first and b"\n" not in first:
        raise InputError(
            f"{path}: its lines end with a lone carriage return (\\r, as on classic Mac OS), which "
            "is not supported; convert it (tr '\\r' '\\n')"
        )
    yield first
    yield from blocks


def _lines(blocks: Iterator[bytes]) -> Iterator[LineBlock | LongLine]:
    number = 1
    rest = b""
    long: LongLine | None = None
    try:
        for block in blocks:
            data = rest + block
            if long:
                end, newline, data = data.partition(b"\n")
                long = long._replace(num_bytes=long.num_bytes + len(end))
                if not newline:
                    continue
                yield long
                long, number = None, number + 1
            whole, newline, rest = data.rpartition(b"\n")
            if newline:
                lines = _split(whole)
                yield from _in_blocks(number, lines)
                number += len(lines)
            if len(rest) > MAX_LINE_BYTES:
                long, rest = LongLine(number, rest[:_LONG_LINE_HEAD_BYTES], len(rest)), b""
    except DamagedFileError as error:
        raise error.at(number) from error
    if long:
        yield long
    elif rest:
        yield from _in_blocks(number, _split(rest))


def _split(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return [line.rstrip(b"\r") for line in lines] if b"\r" in data else lines


def _in_blocks(number: int, lines: list[bytes]) -> Iterator[LineBlock | LongLine]:
    # Only the first line, which began in an earlier block, can be overlong.
    if len(lines[0]) > MAX_LINE_BYTES:
        yield LongLine(number, lines[0][:_LONG_LINE_HEAD_BYTES], len(lines[0]))
        number, lines = number + 1, lines[1:]
    for begin in range(0, len(lines), MAX_LINES_PER_BLOCK):
        yield LineBlock(number + begin, lines[begin : begin + MAX_LINES_PER_BLOCK])
