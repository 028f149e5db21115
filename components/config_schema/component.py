"""ConfigSchema: the component that writes the data schemas."""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.config_schema.executor import Executor


class ConfigSchemaSpec(component_spec.ComponentSpec):
    """The outputs and properties of ConfigSchema."""

    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {
        "windows_schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
        "events_schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
        "catalogue_schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
    }
    PARAMETERS = {
        "data": component_spec.ExecutionParameter(type=str),
        "curated": component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
        "fingerprint": component_spec.ExecutionParameter(type=str),
    }


class ConfigSchema(base_component.BaseComponent):
    """Writes the schemas of windows, events and catalogue items."""

    SPEC_CLASS = ConfigSchemaSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, data: str, curated: str, code_version: str, fingerprint: str):
        """Constructs the component.

        Args:
          data: Canonical JSON of `DataSettings`.
          curated: Path of a curated schema in text format; "" for none.
          code_version: The version of the installed code.
          fingerprint: A hash of the curated schema; part of the cache key.
        """
        super().__init__(
            ConfigSchemaSpec(
                data=data,
                curated=curated,
                code_version=code_version,
                fingerprint=fingerprint,
                windows_schema=types.Channel(type=standard_artifacts.Schema),
                events_schema=types.Channel(type=standard_artifacts.Schema),
                catalogue_schema=types.Channel(type=standard_artifacts.Schema),
            )
        )
