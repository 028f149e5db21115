"""The TFX component TwoTowerTrainer."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.trainer.executor import Executor


class TwoTowerTrainerSpec(component_spec.ComponentSpec):
    """Inputs, outputs and properties of TwoTowerTrainer."""

    INPUTS = {
        "windows": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "windows_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "catalogue_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "users": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "raw_catalogue": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "model_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
    }
    PARAMETERS = {
        "data": component_spec.ExecutionParameter(type=str),
        "model_settings": component_spec.ExecutionParameter(type=str),
        "train_settings": component_spec.ExecutionParameter(type=str),
        "warm_start_from": component_spec.ExecutionParameter(type=str),
        "custom_job": component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
    }


class TwoTowerTrainer(base_component.BaseComponent):
    """Trains both towers on windows and catalogue, and exports them without ScaNN ops."""

    SPEC_CLASS = TwoTowerTrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        windows: types.BaseChannel[Any],
        catalogue: types.BaseChannel[Any],
        windows_graph: types.BaseChannel[Any],
        catalogue_graph: types.BaseChannel[Any],
        users: types.BaseChannel[Any],
        raw_catalogue: types.BaseChannel[Any],
        data: str,
        model_settings: str,
        train_settings: str,
        code_version: str,
        warm_start_from: str = "",
        custom_job: str = "",
    ):
        """Constructs the component.

        Args:
          windows: Transformed windows, splits train and eval.
          catalogue: The transformed catalogue.
          windows_graph: The transform graph of windows.
          catalogue_graph: The transform graph of the catalogue.
          users: Raw users, split users.
          raw_catalogue: The raw catalogue, whose titles TensorBoard shows.
          data: JSON of `DataSettings`.
          model_settings: JSON of `ModelSettings`.
          train_settings: JSON of `TrainSettings`.
          code_version: The version of the installed code.
          warm_start_from: JSON of the `WarmStart` whose towers the training starts from; "" starts
            from random weights.
          custom_job: JSON of the `TrainerJob` that runs the training; "" trains in this process.
        """
        super().__init__(
            TwoTowerTrainerSpec(
                windows=windows,
                catalogue=catalogue,
                windows_graph=windows_graph,
                catalogue_graph=catalogue_graph,
                users=users,
                raw_catalogue=raw_catalogue,
                data=data,
                model_settings=model_settings,
                train_settings=train_settings,
                warm_start_from=warm_start_from,
                custom_job=custom_job,
                code_version=code_version,
                model=types.Channel(type=standard_artifacts.Model),
                model_run=types.Channel(type=standard_artifacts.ModelRun),
            )
        )
