"""What two runs were made from: data, configuration, recipe and code."""

from typing import Any

from components.nested_changes import Change, changes
from pipeline.comparison.recorded_run import RecordedRun

_COUNTS = ("read", "kept", "rejects", "users", "items", "logged_only", "first", "last")
_USERS_FILE = ("read", "kept", "rejects")


def data_changes(a: RecordedRun, b: RecordedRun) -> list[Change]:
    """Returns the differences of the inputs: fingerprints, counts, rejects and splits."""
    return changes(_data(a.record), _data(b.record))


def configuration_changes(a: RecordedRun, b: RecordedRun) -> list[Change]:
    """Returns the differences of the configurations, without the folder of the run itself."""
    found = changes(a.record.get("config") or {}, b.record.get("config") or {})
    return [change for change in found if change.key != "output"]


def recipe_changes(a: RecordedRun, b: RecordedRun) -> list[Change]:
    """Returns the differences of the settings that the recipe chose from the data."""
    return changes(_recipe(a.record), _recipe(b.record))


def code_changes(a: RecordedRun, b: RecordedRun) -> list[Change]:
    """Returns the differences of this package, of the version set and of the libraries."""
    return changes(_code(a.record), _code(b.record))


def has_same_data(a: RecordedRun, b: RecordedRun) -> bool | None:
    """Returns whether the fingerprints of the inputs are equal; None if one is unknown."""
    before, after = (_fingerprints(run.record) for run in (a, b))
    if not before or not after or None in (*before.values(), *after.values()):
        return None
    return before == after


def _fingerprints(record: dict[str, Any]) -> dict[str, str | None]:
    provenance = record.get("provenance") or {}
    return provenance.get("data") or {}


def _data(record: dict[str, Any]) -> dict[str, Any]:
    ingestion = record.get("ingestion") or {}
    interactions = ingestion.get("interactions") or {}
    parts = {
        "fingerprint": _fingerprints(record),
        "interactions": _selected(interactions, _COUNTS),
        "users": _selected(interactions.get("users_file") or {}, _USERS_FILE),
        "catalogue": _selected(ingestion.get("catalogue") or {}, _COUNTS),
        "split": interactions.get("splits") or {},
    }
    return _known(parts)


def _known(parts: dict[str, Any]) -> dict[str, Any]:
    """Leaves out empty parts, which would be a difference of their own if the other run has them.

    An input that a run did not read is empty, and so is what an older release did not record.
    """
    return {name: values for name, values in parts.items() if values}


def _selected(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _recipe(record: dict[str, Any]) -> dict[str, Any]:
    training = record.get("training") or {}
    return {choice["key"]: choice["value"] for choice in training.get("recipe") or []}


def _code(record: dict[str, Any]) -> dict[str, Any]:
    provenance = record.get("provenance") or {}
    return _known(
        {
            "twotower": provenance.get("code") or {},
            "version_set": record.get("version_set"),
            "library": record.get("versions") or {},
        }
    )
