"""What the first bytes of a file say of its format, where the configured one does not fit."""

from components.readers.open_input import DamagedFileError, is_compressed, open_input
from schemas.errors import InputError

# RFC 1952, section 2.3.1, with the one method there is; RFC 8878, section 3.1.1.
_COMPRESSED = {b"\x1f\x8b\x08": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
_BZIP2 = b"BZh"
_BZIP2_BLOCK = b"1AY&SY"


class WrongFormatError(DamagedFileError):
    """A file whose beginning is not that of its configured format."""

    def __init__(self, path: str, file_format: str):
        super().__init__(path, f"not a {file_format} file")
        self.file_format = file_format
        self.args = (
            f"{path} is not a {file_format} file: it does not begin like one; check format, or "
            "leave such files out by damaged_files: reject",
        )

    def at(self, line: int) -> "WrongFormatError":
        """The same error: of such a file nothing is read before it."""
        return self

    def __reduce__(self) -> tuple[type, tuple[str, str]]:  # type: ignore[override]
        return WrongFormatError, (self.path, self.file_format)


def check_magic(path: str, magic: bytes, file_format: str) -> None:
    """Checks that a file begins as its format does; one that ends before that is not judged.

    Raises:
      WrongFormatError: It begins otherwise.
      InputError: It is compressed, and has no suffix that says so.
      DamagedFileError: It cannot be decompressed.
    """
    with open_input(path) as file:
        head = file.read(max(16, len(magic)))
    check_not_compressed(path, head)
    if not head.startswith(magic[: len(head)]):
        raise WrongFormatError(path, file_format)


def check_not_compressed(path: str, head: bytes) -> None:
    """Checks that a file without the suffix of a compression is not a compressed one.

    Args:
      path: The file.
      head: Its first bytes, at least 10 where it has them.

    Raises:
      InputError: It is.
    """
    suffix = _compression(head)
    if suffix and not is_compressed(path):
        raise InputError(
            f"{path} is compressed, but its name lacks {suffix}, by which it would be "
            f"decompressed: rename it to {path.rsplit('/', 1)[-1]}{suffix}"
        )


def _compression(head: bytes) -> str:
    if head.startswith(_BZIP2) and head[4:10] == _BZIP2_BLOCK:
        return ".bz2"
    return next((suffix for magic, suffix in _COMPRESSED.items() if head.startswith(magic)), "")
