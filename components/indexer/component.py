"""ScannIndexer: embeds the catalogue, builds its index, exports the models and probes them."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components import artifacts
from components.indexer.executor import Executor

_Channels = dict[str, component_spec.ChannelParameter]


class ScannIndexerSpec(component_spec.ComponentSpec):
    """Inputs, outputs and properties of ScannIndexer."""

    INPUTS: _Channels = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "catalogue": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "windows": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS: _Channels = {
        "bundle": component_spec.ChannelParameter(type=artifacts.Bundle),
        "infra_blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing),
    }
    PARAMETERS: dict[str, component_spec.ExecutionParameter] = {
        "data": component_spec.ExecutionParameter(type=str),
        "index_settings": component_spec.ExecutionParameter(type=str),
        "is_reindex": component_spec.ExecutionParameter(type=int),
        "code_version": component_spec.ExecutionParameter(type=str),
    }


class ScannIndexer(base_component.BaseComponent):
    """Exports the towers for serving: one SavedModel with ScaNN, one without a custom op.

    TFX's InfraValidator runs a model server in a container. This component instead starts a
    process that loads the bundle as TF Serving does, calls every signature, and measures latency
    and memory.
    """

    SPEC_CLASS = ScannIndexerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: types.BaseChannel[Any],
        catalogue: types.BaseChannel[Any],
        windows: types.BaseChannel[Any],
        data: str,
        index_settings: str,
        code_version: str,
        is_reindex: bool = False,
    ):
        """Constructs the component.

        Args:
          model: The trained towers (`Format-Serving`).
          catalogue: The raw catalogue; every item in it can be recommended.
          windows: Raw windows; the held-out ones supply queries for tuning and warm-up.
          data: DataSettings as canonical JSON.
          index_settings: IndexSettings as canonical JSON.
          code_version: The version of the installed code.
          is_reindex: Whether the catalogue differs from the one that the model was trained on.
        """
        super().__init__(
            ScannIndexerSpec(
                model=model,
                catalogue=catalogue,
                windows=windows,
                data=data,
                index_settings=index_settings,
                code_version=code_version,
                is_reindex=int(is_reindex),
                bundle=types.Channel(type=artifacts.Bundle),
                infra_blessing=types.Channel(type=standard_artifacts.InfraBlessing),
            )
        )
