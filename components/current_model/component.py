"""CurrentModel: the version that serves now, to beat, to start from and to compare data with."""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec

from components import artifacts
from components.current_model.executor import Executor


class CurrentModelSpec(component_spec.ComponentSpec):
    """Output and properties of CurrentModel."""

    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {"current": component_spec.ChannelParameter(type=artifacts.CurrentModelInfo)}
    PARAMETERS = {
        "serving_dir": component_spec.ExecutionParameter(type=str),
        "exact_dir": component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
        "launch": component_spec.ExecutionParameter(type=str),
    }


class CurrentModel(base_component.BaseComponent):
    """Reads the push destination; a model can be blessed and never pushed, or rolled back."""

    SPEC_CLASS = CurrentModelSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, serving_dir: str, exact_dir: str, code_version: str, launch: str):
        """Constructs the component.

        Args:
          serving_dir: Where versions of the ScaNN model are published, its name included.
          exact_dir: The same for its op-free twin.
          code_version: The version of the installed code.
          launch: Differs from run to run, so that the step is never answered from the cache.
        """
        super().__init__(
            CurrentModelSpec(
                serving_dir=serving_dir,
                exact_dir=exact_dir,
                code_version=code_version,
                launch=launch,
                current=types.Channel(type=artifacts.CurrentModelInfo),
            )
        )
