"""The lineage of a version as titled sections, for the console."""

from typing import Any

from components.run_reporter.formatting import NOTHING, duration, instant, label, number
from components.run_reporter.table import Table
from pipeline.lineage.find_version import KEPT, SERVED, WITHDRAWN
from pipeline.lineage.lineage import REINDEX, UNAVAILABLE, Lineage
from pipeline.sections import Section

_STATES = {
    SERVED: "served",
    KEPT: "kept, not served by default",
    WITHDRAWN: "withdrawn by a rollback",
}
_SOURCES = ("interactions", "users", "items")


def sections(lineage: Lineage) -> list[Section]:
    """Returns the sections of a lineage; those without content are left out."""
    found = [Section("Version", table=_facts(_version(lineage)))]
    own = {key: getattr(lineage, key) for key in ("data", "code", "run", "lock")}
    if lineage.towers:
        found += _origin(own, " of the index")
        found += _origin(lineage.towers, " of the towers")
    else:
        found += _origin(own, "")
    if lineage.sizes:
        sizes = {label(name): number(value) for name, value in lineage.sizes.items()}
        found.append(Section("Sizes", table=_facts(sizes)))
    if lineage.steps:
        text = f"From {lineage.metadata_path}, in the order of execution."
        found.append(Section("Steps", text, _steps(lineage.steps)))
    if lineage.missing:
        rows = [f"  {sentence}" for sentence in lineage.missing]
        found.append(Section("Not known", "\n".join(rows)))
    return found


def _version(lineage: Lineage) -> dict[str, str]:
    made_by = {
        None: "a re-index, or a list of unavailable items",
        REINDEX: f"a re-index with the towers of version {lineage.first_version}",
        UNAVAILABLE: f"another list of unavailable items for version {lineage.copy_of}",
    }.get(lineage.made_by, "a run")
    labels = f", labelled {', '.join(lineage.labels)}" if lineage.labels else ""
    return {
        "model": lineage.model,
        "version": lineage.version,
        "state": _STATES.get(lineage.state or "", "unknown") + labels,
        "made by": made_by,
        "towers first pushed as": lineage.first_version,
        "pushed at": instant(lineage.pushed_at),
        "content hash": lineage.content_hash,
        "folder": lineage.folder,
    }


def _origin(origin: dict[str, Any], suffix: str) -> list[Section]:
    """Returns the sections on data, code and run of a version, or of its towers."""
    data, code, run = (origin.get(key) or {} for key in ("data", "code", "run"))
    lock = origin.get("lock") or {}
    config = run.get("config") or {}
    facts = {
        "version": code.get("version"),
        "hash": code.get("hash"),
        "commit": code.get("commit"),
        "version set": lock.get("version_set"),
        "installed distributions": lock.get("digest"),
    }
    launched = {
        "directory": run.get("directory"),
        "launch": run.get("launch"),
        "configuration": run.get("config_hash"),
    }
    return [
        section
        for section in (
            Section(f"Data{suffix}", table=_data(data, config)),
            Section(f"Code{suffix}", table=_facts(facts)),
            Section(f"Run{suffix}", table=_facts(launched)),
        )
        if section.table.rows
    ]


def _data(data: dict[str, Any], config: dict[str, Any]) -> Table:
    """Returns the inputs of the configuration, and the fingerprints, of which users have none."""
    paths = {name: _source(config.get(name)) for name in _SOURCES if config.get(name)}
    # One fingerprint is that of the log and the users, the other one that of the catalogue.
    fingerprints = {"interactions": data.get("interactions"), "items": data.get("catalogue")}
    rows = [
        [name, paths.get(name, NOTHING), fingerprints.get(name) or NOTHING]
        for name in _SOURCES
        if name in paths or fingerprints.get(name)
    ]
    return Table(["input", "source", "fingerprint"], rows)


def _source(section: Any) -> str:
    path = section.get("path") or section.get("query") or NOTHING
    return ", ".join(path) if isinstance(path, list) else str(path)


def _steps(steps: list[dict[str, Any]]) -> Table:
    return Table(
        ["step", "run", "started", "time", "code version", "input fingerprint", "execution"],
        [
            [
                step["component"],
                step["run"],
                instant(step["started"]),
                duration(step["seconds"]),
                step["code_version"] or NOTHING,
                step["fingerprint"] or NOTHING,
                str(step["execution"]),
            ]
            for step in steps
        ],
    )


def _facts(values: dict[str, Any]) -> Table:
    return Table(["", ""], [[key, str(value)] for key, value in values.items() if value])
