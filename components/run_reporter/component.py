"""RunReporter: metrics.json, run.json and report.html of a run, however it ended."""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec

from components import artifacts
from components.run_reporter.executor import Executor


class RunReporterSpec(component_spec.ComponentSpec):
    """Output and properties of RunReporter."""

    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {"report": component_spec.ChannelParameter(type=artifacts.RunReport)}
    PARAMETERS = {
        "steps": component_spec.ExecutionParameter(type=str),
        "run": component_spec.ExecutionParameter(type=str),
        "output_dir": component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
        "launch": component_spec.ExecutionParameter(type=str),
    }


class RunReporter(base_component.BaseComponent):
    """Takes no channel, so that a step which failed cannot keep it from running."""

    SPEC_CLASS = RunReporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, steps: str, run: str, output_dir: str, code_version: str, launch: str):
        """Constructs the component.

        Args:
          steps: JSON list of {"component", "status" ("complete", "cached", "failed" or
            "skipped"), "seconds", "fragment_uris" (artifact folders that may hold a fragment),
            "error" (text or null)}.
          run: JSON of {"name", "config", "config_hash", "versions", "started", "status",
            "exit_code", "error", "gates" (of a rejection that stopped a step), "paths"}; for an exit
            handler the pipeline's final status, which tells of no step.
          output_dir: The run directory.
          code_version: The version of the installed code.
          launch: Differs from run to run, so that the step is never answered from the cache.
        """
        super().__init__(
            RunReporterSpec(
                steps=steps,
                run=run,
                output_dir=output_dir,
                code_version=code_version,
                launch=launch,
                report=types.Channel(type=artifacts.RunReport),
            )
        )
