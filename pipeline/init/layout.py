"""The layout of the files of a source: format, delimiter, quote, encoding and header."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from components.readers.files import find_files
from components.readers.formats.jsonl_syntax import explain_lines, parse_json, parse_python
from components.readers.lines import marked_encoding
from components.readers.magic import WrongFormatError, check_not_compressed
from components.readers.open_input import open_input
from components.readers.read import all_columns
from pipeline.init.certainty import Certainty
from pipeline.init.delimited import find_dialect
from schemas.errors import InputError
from schemas.source_settings import CsvSettings, JsonlSettings, SourceSettings

HEAD_BYTES = 4 << 20
NUM_LINES = 1_000
_PARQUET, _AVRO, _ZIP = b"PAR1", b"Obj\x01", b"PK\x03\x04"
# Characters of cp1252 that latin-1 does not have, such as typographic quotes.
_CP1252_ONLY = bytes(range(0x80, 0xA0))


@dataclass(frozen=True)
class Layout:
    """The layout of a source.

    Attributes:
      source: The path and the settings of the layout. Without a header line, `csv.header` contains
        the names `column_1`, `column_2`, ….
      files: The sorted files.
      has_header: Whether the files name their columns.
      header_certainty: How sure `has_header` is.
    """

    source: SourceSettings
    files: tuple[str, ...]
    has_header: bool = True
    header_certainty: Certainty = Certainty.CERTAIN

    @property
    def description(self) -> str:
        """The layout in a few words."""
        source = self.source
        if source.format == "jsonl" and source.jsonl.syntax != "json":
            return f"jsonl of {source.jsonl.syntax}"
        if source.format != "csv":
            return source.format
        header = "header" if self.has_header else "no header"
        return f"csv, delimiter {source.csv.delimiter!r}, {source.csv.encoding}, {header}"


def find_layout(path: str) -> Layout:
    """Returns the layout of the files of a path, from the first 4 MB of the first file.

    Args:
      path: A file, a glob or a folder.

    Raises:
      InputError: No file is found, or its layout is not one that is read; the message says what the
        file is.
    """
    files = tuple(file.path for file in find_files(path))
    with open_input(files[0]) as file:
        head = file.read(HEAD_BYTES)
    check_not_compressed(files[0], head)
    if head.startswith(_ZIP):
        raise InputError(
            f"{files[0]} is a zip archive (a spreadsheet in .xlsx is one, too), which is not read: "
            "unpack it, or save the spreadsheet as CSV"
        )
    for magic, name in ((_PARQUET, "parquet"), (_AVRO, "avro")):
        if head.startswith(magic):
            return Layout(SourceSettings(path=path, format=name), files)  # type: ignore[arg-type]
    tfrecord = SourceSettings(path=path, format="tfrecord")
    if _is_tfrecord(files[0], head, tfrecord):
        return Layout(tfrecord, files)
    return _text_layout(path, files, head)


def _is_tfrecord(path: str, head: bytes, source: SourceSettings) -> bool:
    """Returns whether a file is a TFRecord file: its first 8 bytes are a length and no text."""
    if b"\0" not in head[:8] or marked_encoding(head):
        return False
    try:
        return bool(all_columns(path, source))
    except WrongFormatError:
        return False


def _text_layout(path: str, files: tuple[str, ...], head: bytes) -> Layout:
    encoding = find_encoding(head)
    text = head.decode(encoding, "replace").lstrip("\ufeff")
    lines = [line.rstrip("\r") for line in text.split("\n")][: NUM_LINES + 1]
    # The last line may be incomplete.
    lines = [line for line in (lines[:-1] if len(lines) > 1 else lines) if line.strip()]
    if not lines:
        raise InputError(f"{files[0]}: contains no line of text; check the path")
    if jsonl := _jsonl(path, files[0], lines, encoding):
        return Layout(jsonl, files)
    found = find_dialect(files[0], lines)
    header = None if found.has_header else tuple(f"column_{n + 1}" for n in range(found.width))
    dialect = found.dialect
    csv = CsvSettings(
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        escape=dialect.escape,
        header=header,
        encoding=encoding,
    )
    source = SourceSettings(path=path, format="csv", csv=csv)
    return Layout(source, files, found.has_header, found.header_certainty)


def find_encoding(head: bytes) -> str:
    """Returns the encoding of a text that begins with some bytes.

    >>> find_encoding("é".encode()), find_encoding("é".encode("latin-1"))
    ('utf-8', 'latin-1')
    """
    if marked := marked_encoding(head):
        return marked
    whole = head.rpartition(b"\n")[0] or head
    try:
        whole.decode()
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    if whole.translate(None, _CP1252_ONLY) != whole:
        try:
            whole.decode("cp1252")
        except UnicodeDecodeError:
            pass
        else:
            return "cp1252"
    return "latin-1"


def _jsonl(path: str, file: str, lines: Sequence[str], encoding: str) -> SourceSettings | None:
    """Returns the settings of JSON Lines or of dicts of Python; None for other text.

    Raises:
      InputError: The file is one JSON document, or it is not in UTF-8.
    """
    if not lines[0].lstrip().startswith(("{", "[")):
        return None
    encoded = [line.encode() for line in lines[:20]]
    is_json = any(parse_json(line)[0] is not None for line in encoded)
    is_python = not is_json and any(parse_python(line)[0] is not None for line in encoded)
    if not (is_json or is_python):
        if problem := explain_lines(encoded, "json"):
            raise InputError(f"{file}: {problem}")
        return None
    if encoding != "utf-8":
        raise InputError(
            f"{file}: JSON Lines are read in UTF-8, but the encoding is probably {encoding}: "
            f"convert the file (iconv -f {encoding} -t utf-8)"
        )
    source = SourceSettings(path=path, format="jsonl")
    return replace(source, jsonl=JsonlSettings(syntax="python")) if is_python else source
