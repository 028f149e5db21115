"""VersionedPusher: publishes a bundle that has both blessings, or reports why it does not."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components import artifacts
from components.pusher.executor import Executor


class VersionedPusherSpec(component_spec.ComponentSpec):
    """Inputs, output and properties of VersionedPusher."""

    INPUTS = {
        "bundle": component_spec.ChannelParameter(type=artifacts.Bundle),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "model_blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "refit_blessing": component_spec.ChannelParameter(
            type=standard_artifacts.ModelBlessing, optional=True
        ),
        "infra_blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing),
        "evaluation": component_spec.ChannelParameter(type=artifacts.Evaluation),
        "events_statistics": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleStatistics
        ),
    }
    OUTPUTS = {
        "pushed_model": component_spec.ChannelParameter(type=standard_artifacts.PushedModel),
    }
    PARAMETERS = {
        "name": component_spec.ExecutionParameter(type=str),
        "serving_dir": component_spec.ExecutionParameter(type=str),
        "portable_dir": component_spec.ExecutionParameter(type=str),
        "ids": component_spec.ExecutionParameter(type=str),
        "keep_versions": component_spec.ExecutionParameter(type=int),
        "label": component_spec.ExecutionParameter(type=str),
        "reindex_of": component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
        "launch": component_spec.ExecutionParameter(type=str),
        "provenance": component_spec.ExecutionParameter(type=str),
    }


class VersionedPusher(base_component.BaseComponent):
    """Publishes the ScaNN model as `serving_dir/VERSION` and its twin as `portable_dir/VERSION`."""

    SPEC_CLASS = VersionedPusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        bundle: types.BaseChannel[Any],
        model: types.BaseChannel[Any],
        model_blessing: types.BaseChannel[Any],
        infra_blessing: types.BaseChannel[Any],
        evaluation: types.BaseChannel[Any],
        events_statistics: types.BaseChannel[Any],
        name: str,
        serving_dir: str,
        portable_dir: str,
        ids: str,
        keep_versions: int,
        label: str,
        code_version: str,
        launch: str,
        reindex_of: str = "",
        provenance: str = "{}",
        refit_blessing: types.BaseChannel[Any] | None = None,
    ):
        """Constructs the component.

        Args:
          bundle: The SavedModels of ScannIndexer.
          model: The evaluated towers, which are kept with the version.
          model_blessing: The blessing of RetrievalEvaluator; required.
          infra_blessing: The blessing of ScannIndexer; required.
          evaluation: The evaluation, whose metrics and end of training are written to the
            manifest.
          events_statistics: Statistics of split `events`, the reference of later drift gates.
          name: The name of the model.
          serving_dir: Destination of the ScaNN model, including the name of the model.
          portable_dir: Destination of the portable twin, including the name of the model.
          ids: The section `ids` of the configuration, as JSON.
          keep_versions: Number of versions to keep in each destination.
          label: The label that moves to the published version.
          code_version: The version of the installed code.
          launch: A value that differs between runs, so that the step is never cached.
          reindex_of: For a re-index, the version as which the same towers were first pushed.
          refit_blessing: The blessing of TowerRefit, if the bundle is that of refitted towers.
          provenance: Which data, code and run make the version, as a JSON object for the manifest.
        """
        super().__init__(
            VersionedPusherSpec(
                bundle=bundle,
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                refit_blessing=refit_blessing,
                evaluation=evaluation,
                events_statistics=events_statistics,
                name=name,
                serving_dir=serving_dir,
                portable_dir=portable_dir,
                ids=ids,
                keep_versions=keep_versions,
                label=label,
                code_version=code_version,
                launch=launch,
                reindex_of=reindex_of,
                provenance=provenance,
                pushed_model=types.Channel(type=standard_artifacts.PushedModel),
            )
        )
