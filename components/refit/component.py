"""The TFX component TowerRefit."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.refit.executor import Executor


class TowerRefitSpec(component_spec.ComponentSpec):
    """Inputs, outputs and properties of TowerRefit."""

    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "windows": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "windows_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "catalogue_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "users": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {
        "refitted": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
    }
    PARAMETERS = {
        "data": component_spec.ExecutionParameter(type=str),
        "kind": component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
    }


class TowerRefit(base_component.BaseComponent):
    """Trains the proven towers on the whole log, and blesses the result if its gates pass."""

    SPEC_CLASS = TowerRefitSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: types.BaseChannel[Any],
        windows: types.BaseChannel[Any],
        catalogue: types.BaseChannel[Any],
        windows_graph: types.BaseChannel[Any],
        catalogue_graph: types.BaseChannel[Any],
        users: types.BaseChannel[Any],
        data: str,
        kind: str,
        code_version: str,
    ):
        """Constructs the component.

        Args:
          model: The towers of TwoTowerTrainer. Their blessing is no input, since it would change
            with every evaluation: VersionedPusher joins the blessings.
          windows: Transformed windows of the splits train, eval and test.
          catalogue: The transformed catalogue.
          windows_graph: The transform graph of the windows.
          catalogue_graph: The transform graph of the catalogue.
          users: Raw users, split users.
          data: JSON of `DataSettings`.
          kind: `continue` or `full` (`train.refit`).
          code_version: The version of the installed code.
        """
        super().__init__(
            TowerRefitSpec(
                model=model,
                windows=windows,
                catalogue=catalogue,
                windows_graph=windows_graph,
                catalogue_graph=catalogue_graph,
                users=users,
                data=data,
                kind=kind,
                code_version=code_version,
                refitted=types.Channel(type=standard_artifacts.Model),
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
            )
        )
