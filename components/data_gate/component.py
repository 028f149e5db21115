"""DataGate: the component that stops the run if the data fails a gate."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components import artifacts
from components.data_gate.executor import Executor


class DataGateSpec(component_spec.ComponentSpec):
    """The inputs, output and properties of DataGate."""

    INPUTS = {
        "events": component_spec.ChannelParameter(type=standard_artifacts.Examples, optional=True),
        "catalogue": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "events_statistics": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleStatistics, optional=True
        ),
        "events_schema": component_spec.ChannelParameter(
            type=standard_artifacts.Schema, optional=True
        ),
        "catalogue_schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
        "events_anomalies": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleAnomalies, optional=True
        ),
        "catalogue_anomalies": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleAnomalies
        ),
        "interaction_rejects": component_spec.ChannelParameter(
            type=artifacts.Rejects, optional=True
        ),
        "catalogue_rejects": component_spec.ChannelParameter(type=artifacts.Rejects),
        "current": component_spec.ChannelParameter(type=artifacts.CurrentModelInfo),
    }
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=artifacts.DataVerdict)}
    PARAMETERS = {
        "data": component_spec.ExecutionParameter(type=str),
        "push": component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
        "launch": component_spec.ExecutionParameter(type=str),
    }


class DataGate(base_component.BaseComponent):
    """Applies the data gates; ExampleValidator itself does not stop a run."""

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        catalogue: types.BaseChannel[Any],
        catalogue_schema: types.BaseChannel[Any],
        catalogue_anomalies: types.BaseChannel[Any],
        catalogue_rejects: types.BaseChannel[Any],
        current: types.BaseChannel[Any],
        data: str,
        push: str,
        code_version: str,
        launch: str,
        events: types.BaseChannel[Any] | None = None,
        events_statistics: types.BaseChannel[Any] | None = None,
        events_schema: types.BaseChannel[Any] | None = None,
        events_anomalies: types.BaseChannel[Any] | None = None,
        interaction_rejects: types.BaseChannel[Any] | None = None,
    ):
        """Constructs the component.

        Args:
          catalogue: Examples; records of split `catalogue` illustrate the findings.
          catalogue_schema: The schema of the catalogue items, with domains.
          catalogue_anomalies: The anomalies that ExampleValidator found in `catalogue`.
          catalogue_rejects: The records that CatalogueExampleGen rejected.
          current: The currently served model, with which events and catalogue are compared.
          data: Canonical JSON of `DataSettings`.
          push: Canonical JSON of `PushSettings`.
          code_version: The version of the installed code.
          launch: Different in every run, so that the step is never taken from the cache.
          events: Examples; records of split `events` illustrate the findings. This channel and the
            following ones are given together; without them only the catalogue is checked.
          events_statistics: Statistics of split `events`.
          events_schema: The schema of the events, with domains and drift limits.
          events_anomalies: The anomalies that ExampleValidator found in `events`.
          interaction_rejects: The records that InteractionExampleGen rejected.
        """
        super().__init__(
            DataGateSpec(
                events=events,
                catalogue=catalogue,
                events_statistics=events_statistics,
                events_schema=events_schema,
                catalogue_schema=catalogue_schema,
                events_anomalies=events_anomalies,
                catalogue_anomalies=catalogue_anomalies,
                interaction_rejects=interaction_rejects,
                catalogue_rejects=catalogue_rejects,
                current=current,
                data=data,
                push=push,
                code_version=code_version,
                launch=launch,
                verdict=types.Channel(type=artifacts.DataVerdict),
            )
        )
