"""RunReporter: the component that writes metrics.json, run.json and report.html of every run."""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec

from components import artifacts
from components.run_reporter.executor import Executor


class RunReporterSpec(component_spec.ComponentSpec):
    """The output and properties of RunReporter."""

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
    """Reports a run; it has no input channels, so that it also runs after a failed step."""

    SPEC_CLASS = RunReporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, steps: str, run: str, output_dir: str, code_version: str, launch: str):
        """Constructs the component.

        Args:
          steps: JSON list of {"component", "status" ("complete", "cached", "failed" or
            "skipped"), "seconds", "fragment_uris" (artifact folders that may contain a fragment),
            "error" (text or null), "peak_memory_bytes" (or null)}.
          run: JSON of {"name", "config", "config_hash", "version_set", "versions", "started",
            "status", "exit_code", "error", "gates" (of a step that rejected), "paths"}; in an exit
            handler, the final status of the pipeline, which contains no information on steps.
          output_dir: The run directory.
          code_version: The version of the installed code.
          launch: Different in every run, so that the step is never taken from the cache.
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
