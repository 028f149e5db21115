"""A fingerprint of input files, taken at launch: it keys the cache of the steps that read them."""

import hashlib

from components.example_gen.files import Paths, find_files, open_input


def fingerprint(path: Paths) -> str:
    """A digest over names, sizes and modification times of the files behind `path`.

    Args:
      path: A file, a glob, a directory or a list of them; local, gs://, or another filesystem
        that Beam knows.

    Raises:
      InputError: Nothing matches, or a file cannot be opened; the message names the path.
    """
    digest = hashlib.sha256()
    for file in find_files(path):
        with open_input(file.path) as opened:
            opened.read(1)
        entry = (file.path, file.size_in_bytes, file.last_updated_in_seconds)
        digest.update(repr(entry).encode())
    return digest.hexdigest()
