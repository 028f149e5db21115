"""The executor of RunReporter: reads the fragments of the steps and writes the report."""

import json
import os
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.progress import progress
from components.run_reporter.collect import collect_metrics, collect_run, gather_fragments
from components.run_reporter.copy_rejects import copy_rejects
from components.run_reporter.read_files import read_step_files
from components.run_reporter.sections.section import ReportInputs
from components.run_reporter.write import write_outputs
from schemas.steps import REPORT_FILE


class Executor(base_executor.BaseExecutor):
    """Reports a run, whether its model was pushed or rejected or the run failed."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the report to artifact `report` and the run directory; copies rejected records.

        The rejected records are copied to the run directory only.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        # Altair takes seconds to import, and commands import the components before they run.
        from components.run_reporter.report import render_report

        steps = json.loads(exec_properties["steps"])
        run = json.loads(exec_properties["run"])
        fragments = gather_fragments(steps)
        metrics = collect_metrics(fragments, run)
        record = collect_run(steps, fragments, run)
        report = artifact_utils.get_single_instance(output_dict["report"])
        page = render_report(ReportInputs(metrics, record, fragments, read_step_files(steps)))
        for folder in (report.uri, exec_properties["output_dir"]):
            write_outputs(folder, metrics, record, page)
        copy_rejects(steps, exec_properties["output_dir"])
        report.set_string_custom_property("outcome", record["verdict"]["outcome"])
        progress.info("report: %s", os.path.join(exec_properties["output_dir"], REPORT_FILE))
