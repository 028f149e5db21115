"""DataGate: stops the run with reasons where the data is unfit."""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components import artifacts
from components.data_gate.executor import Executor


class DataGateSpec(component_spec.ComponentSpec):
    """Inputs, output and properties of DataGate."""

    INPUTS = {
        "events": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "events_statistics": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleStatistics
        ),
        "events_schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
        "catalogue_schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
        "events_anomalies": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleAnomalies
        ),
        "catalogue_anomalies": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleAnomalies
        ),
        "interaction_rejects": component_spec.ChannelParameter(type=artifacts.Rejects),
        "catalogue_rejects": component_spec.ChannelParameter(type=artifacts.Rejects),
        "current": component_spec.ChannelParameter(type=artifacts.CurrentModelInfo),
    }
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=artifacts.DataVerdict)}
    PARAMETERS = {
        "data": component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
        "launch": component_spec.ExecutionParameter(type=str),
    }


class DataGate(base_component.BaseComponent):
    """Passes the data through every gate; ExampleValidator alone stops nothing."""

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        events: types.BaseChannel,
        catalogue: types.BaseChannel,
        events_statistics: types.BaseChannel,
        events_schema: types.BaseChannel,
        catalogue_schema: types.BaseChannel,
        events_anomalies: types.BaseChannel,
        catalogue_anomalies: types.BaseChannel,
        interaction_rejects: types.BaseChannel,
        catalogue_rejects: types.BaseChannel,
        current: types.BaseChannel,
        data: str,
        code_version: str,
        launch: str,
    ):
        """Constructs the component.

        Args:
          events: Examples whose split `events` shows what a gate found.
          catalogue: Examples whose split `catalogue` does.
          events_statistics: Of split `events`.
          events_schema: With domains and the limits on drift.
          catalogue_schema: With domains.
          events_anomalies: ExampleValidator's findings on `events`.
          catalogue_anomalies: ExampleValidator's findings on `catalogue`.
          interaction_rejects: InteractionExampleGen's refused records.
          catalogue_rejects: CatalogueExampleGen's refused records.
          current: What serves now, the reference for drift.
          data: Canonical JSON of `DataSettings`.
          code_version: The version of the installed code.
          launch: Differs from run to run, so that the step is never answered from the cache.
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
                code_version=code_version,
                launch=launch,
                verdict=types.Channel(type=artifacts.DataVerdict),
            )
        )
