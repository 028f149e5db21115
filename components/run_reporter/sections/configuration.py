"""The files of the run, its configuration and its versions."""

import json

from components.run_reporter.sections.section import ReportInputs, Section


def files_section(inputs: ReportInputs) -> Section:
    """Returns the section on the files of the run."""
    run = inputs.run
    missing = "" if run["paths"] else "This report has no record of the files."
    values = {"paths": run["paths"], "push": run["push"]}
    return Section("files", "Files", "", "files.html.j2", values, missing)


def configuration_section(inputs: ReportInputs) -> Section:
    """Returns the section on configuration and versions."""
    run = inputs.run
    missing = "" if run["versions"] or run["config"] else "This report has no configuration."
    values = {
        "versions": run["versions"] or {},
        "version_set": run["version_set"],
        "config": run["config"],
        "config_path": run["config_path"],
        "config_json": json.dumps(run["config"], indent=2, ensure_ascii=False),
    }
    return Section(
        "configuration",
        "Configuration and versions",
        "",
        "configuration.html.j2",
        values,
        missing,
    )
