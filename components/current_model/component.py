"""CurrentModel: the component that provides the currently served model to other steps.

The evaluator compares the new model with it, and DataGate compares the events with its statistics.
"""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec

from components import artifacts
from components.current_model.executor import Executor


class CurrentModelSpec(component_spec.ComponentSpec):
    """The output and properties of CurrentModel."""

    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {"current": component_spec.ChannelParameter(type=artifacts.CurrentModelInfo)}
    PARAMETERS = {
        "serving_dir": component_spec.ExecutionParameter(type=str),
        "portable_dir": component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
        "launch": component_spec.ExecutionParameter(type=str),
    }


class CurrentModel(base_component.BaseComponent):
    """Finds the currently served model in the push destination.

    A blessing in ML Metadata is not sufficient, because a blessed model may not have been pushed or
    may have been rolled back.
    """

    SPEC_CLASS = CurrentModelSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, serving_dir: str, portable_dir: str, code_version: str, launch: str):
        """Constructs the component.

        Args:
          serving_dir: Folder of the published ScaNN model versions, including the model name.
          portable_dir: Folder of their twins, which have no custom op.
          code_version: The version of the installed code.
          launch: Different in every run, so that the step is never taken from the cache.
        """
        super().__init__(
            CurrentModelSpec(
                serving_dir=serving_dir,
                portable_dir=portable_dir,
                code_version=code_version,
                launch=launch,
                current=types.Channel(type=artifacts.CurrentModelInfo),
            )
        )
