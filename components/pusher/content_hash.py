"""The content hash of a bundle: if it equals that of the served version, no push is needed."""

import hashlib
import os

from components import files
from schemas.bundle import PORTABLE_FOLDER, REFERENCE_FILE, SCANN_FOLDER

# TensorFlow writes a random id into the first file at every save:
# https://www.tensorflow.org/guide/saved_model#the_savedmodel_format_on_disk
# The second one contains measures of the model, whose last digits vary.
_VOLATILE_FILES = frozenset({"fingerprint.pb", os.path.basename(REFERENCE_FILE)})
_CHUNK_BYTES = 1 << 22


def content_hash(bundle_dir: str) -> str:
    """Returns the SHA-256 of the sorted relative paths and bytes of both SavedModels."""
    digest = hashlib.sha256()
    for model in (PORTABLE_FOLDER, SCANN_FOLDER):
        folder = os.path.join(bundle_dir, model)
        for path in files.files_below(folder):
            if os.path.basename(path) in _VOLATILE_FILES:
                continue
            name = f"{model}/{path}".encode()
            source = os.path.join(folder, path)
            size_bytes = files.size_bytes(source)
            digest.update(b"%d:%b%d:" % (len(name), name, size_bytes))
            _update(digest, source)
    return digest.hexdigest()


def _update(digest: "hashlib._Hash", path: str) -> None:
    with files.open_to_read(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
