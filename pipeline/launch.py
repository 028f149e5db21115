"""What is found out when a run is launched: fingerprints of its inputs, and an id of its own."""

import hashlib
import os
import uuid

from components.example_gen.fingerprint import fingerprint
from pipeline.graph import LaunchFacts
from schemas.errors import InputError
from schemas.settings import Settings


def launch_facts(settings: Settings) -> LaunchFacts:
    """Fingerprints every input, so that a changed file runs what depends on it again.

    Raises:
      InputError: An input does not exist or cannot be read.
    """
    log = fingerprint(settings.interactions.paths)
    items = fingerprint(settings.items.paths) if settings.items else ""
    users = fingerprint(settings.users.paths) if settings.users else ""
    reads_log = settings.items is None or settings.items.unknown == "accept"
    return LaunchFacts(
        launch=uuid.uuid4().hex,
        interactions_fingerprint=_joined(log, users),
        catalogue_fingerprint=_joined(items, log if reads_log else ""),
        curated_schema_hash=_schema_hash(settings.schema),
    )


def unread_facts() -> LaunchFacts:
    """Facts for compiling where the inputs may be out of reach: nothing is fingerprinted."""
    launch = uuid.uuid4().hex
    return LaunchFacts(launch, f"unread-{launch}", f"unread-{launch}")


def _joined(*fingerprints: str) -> str:
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()[:16]


def _schema_hash(path: str | None) -> str:
    if path is None:
        return ""
    if not os.path.isfile(path):
        raise InputError(f"schema: {path}: no such file; give the path of a TFMD schema (.pbtxt)")
    with open(path, "rb") as file:
        return "-" + hashlib.sha256(file.read()).hexdigest()[:16]
