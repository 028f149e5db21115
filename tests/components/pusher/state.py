"""The state of a push destination as a server sees it, and what must hold in every state."""

from pathlib import Path

from components.pusher.lock import LOCK_FILE
from components.pusher.manifest import read_manifest
from schemas.bundle import (
    MANIFEST_FILE,
    STATISTICS_FILE,
    UNAVAILABLE_FILE,
    UNAVAILABLE_WRITTEN_FILE,
)
from tests.components.pusher.bundles import Destination, bundle_files

_ADDED = {MANIFEST_FILE, STATISTICS_FILE, UNAVAILABLE_FILE, UNAVAILABLE_WRITTEN_FILE}


def visible_contents(destination: Destination) -> dict[int, str]:
    """Returns the contents of the versions that a server of the ScaNN model sees.

    Raises:
      AssertionError: A visible version is incomplete in one of the folders, or has no twin.
    """
    served = _complete_contents(destination.serving, "scann")
    twins = _complete_contents(destination.exact, "exact")
    assert served.items() <= twins.items(), (served, twins)
    return served


def _complete_contents(folder: Path, model: str) -> dict[int, str]:
    contents = {}
    for version in folder.iterdir() if folder.exists() else ():
        if version.name.isdigit():
            contents[int(version.name)] = _content(version, model)
    return contents


def _content(version: Path, model: str) -> str:
    found = {
        str(path.relative_to(version)): path.read_text() if path.name != "FeatureStats.pb" else ""
        for path in version.rglob("*")
        if path.is_file()
    }
    content = found.get("saved_model.pb", "none none").split(maxsplit=1)[1]
    expected = bundle_files(model, content)
    assert set(found) - {f"{UNAVAILABLE_FILE}.incoming"} >= set(expected) | _ADDED, version
    assert {path: found[path] for path in expected if path != "fingerprint.pb"} == {
        path: text for path, text in expected.items() if path != "fingerprint.pb"
    }, version
    assert read_manifest(str(version)).version == version.name
    return content


def leftovers(destination: Destination) -> list[str]:
    """Returns the files and folders that no command needs after its end."""
    found = []
    for folder in (destination.serving, destination.exact):
        for path in folder.iterdir() if folder.exists() else ():
            is_version = path.name.removeprefix(".rolled-back-").isdigit()
            is_whole = is_version and (path / "saved_model.pb").exists()
            if not is_whole and path.name not in (LOCK_FILE, "models.config"):
                found.append(str(path))
        found += [str(path) for path in folder.rglob("*.incoming")]
    for prefix in ("", ".rolled-back-"):
        twins = {p.name for p in destination.exact.glob(f"{prefix}[0-9]*")}
        served = {p.name for p in destination.serving.glob(f"{prefix}[0-9]*")}
        found += [f"orphan twin {name}" for name in sorted(twins - served)]
    return found
