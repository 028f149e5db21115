"""Checks of the first bytes of a file: of its configured format, and of compression."""

from components.readers.open_input import DamagedFileError, is_compressed, open_input
from schemas.errors import InputError

# RFC 1952, section 2.3.1, with the only compression method; RFC 8878, section 3.1.1.
_COMPRESSED = {b"\x1f\x8b\x08": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
_BZIP2 = b"BZh"
_BZIP2_BLOCK = b"1AY&SY"


class WrongFormatError(DamagedFileError):
    """A file whose first bytes are not those of its configured format."""

    def __init__(self, path: str, file_format: str):
        super().__init__(path, f"not a {file_format} file")
        self.file_format = file_format
        self.args = (
            f"{path} is not a {file_format} file: its first bytes differ; check format, or set "
            "damaged_files: reject to skip such files",
        )

    def at(self, line: int) -> "WrongFormatError":
        """Returns the same error: nothing of such a file is readable."""
        return self

    def __reduce__(self) -> tuple[type, tuple[str, str]]:  # type: ignore[override]
        return WrongFormatError, (self.path, self.file_format)


def check_magic(path: str, magic: bytes, file_format: str) -> None:
    """Checks that a file begins with `magic`, or with a part of it where the file is shorter.

    Args:
      path: The file.
      magic: The first bytes of every file of the format.
      file_format: The name of the format, for the message.

    Raises:
      WrongFormatError: The file begins with other bytes.
      InputError: The file is compressed without the suffix of its compression.
      DamagedFileError: The file cannot be decompressed.
    """
    with open_input(path) as file:
        head = file.read(max(16, len(magic)))
    check_not_compressed(path, head)
    if not head.startswith(magic[: len(head)]):
        raise WrongFormatError(path, file_format)


def check_not_compressed(path: str, head: bytes) -> None:
    """Checks that a file without the suffix of a compression is not compressed.

    Args:
      path: The file.
      head: Its first bytes, at least 10 unless the file is shorter.

    Raises:
      InputError: The file is compressed.
    """
    suffix = _compression(head)
    if suffix and not is_compressed(path):
        raise InputError(
            f"{path} is compressed, but its name does not end with {suffix}, so it is not "
            f"decompressed: rename it to {path.rsplit('/', 1)[-1]}{suffix}"
        )


def _compression(head: bytes) -> str:
    """The suffix of the compression of a file with these first bytes; "" for none."""
    if head.startswith(_BZIP2) and head[4:10] == _BZIP2_BLOCK:
        return ".bz2"
    return next((suffix for magic, suffix in _COMPRESSED.items() if head.startswith(magic)), "")
