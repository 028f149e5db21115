"""DataGate: stops the run with reasons where the data is unfit."""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components import artifacts
from components.data_gate.executor import Executor


class DataGateSpec(component_spec.ComponentSpec):
    """Inputs, output and properties of DataGate."""

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
        "current": component_spec.ChannelParameter(type=artifacts.CurrentModelInfo, optional=True),
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
        catalogue: types.BaseChannel,
        catalogue_schema: types.BaseChannel,
        catalogue_anomalies: types.BaseChannel,
        catalogue_rejects: types.BaseChannel,
        data: str,
        code_version: str,
        launch: str,
        events: types.BaseChannel | None = None,
        events_statistics: types.BaseChannel | None = None,
        events_schema: types.BaseChannel | None = None,
        events_anomalies: types.BaseChannel | None = None,
        interaction_rejects: types.BaseChannel | None = None,
        current: types.BaseChannel | None = None,
    ):
        """Constructs the component.

        Args:
          catalogue: Examples whose split `catalogue` shows what a gate found.
          catalogue_schema: With domains.
          catalogue_anomalies: ExampleValidator's findings on `catalogue`.
          catalogue_rejects: CatalogueExampleGen's rejected records.
          data: Canonical JSON of `DataSettings`.
          code_version: The version of the installed code.
          launch: Differs from run to run, so that the step is never answered from the cache.
          events: Examples whose split `events` shows what a gate found. This and what follows go
            together: without them the catalogue alone is judged.
          events_statistics: Of split `events`.
          events_schema: With domains and the limits on drift.
          events_anomalies: ExampleValidator's findings on `events`.
          interaction_rejects: InteractionExampleGen's rejected records.
          current: What serves now, the reference for drift.
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
