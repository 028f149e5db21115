"""RetrievalEvaluator: evaluates a model on held-out events, and blesses it if its gates pass."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components import artifacts
from components.evaluator.executor import Executor

_Channels = dict[str, component_spec.ChannelParameter]


class RetrievalEvaluatorSpec(component_spec.ComponentSpec):
    """Inputs, outputs and properties of RetrievalEvaluator."""

    INPUTS: _Channels = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "windows": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "catalogue": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "current": component_spec.ChannelParameter(type=artifacts.CurrentModelInfo),
    }
    OUTPUTS: _Channels = {
        "evaluation": component_spec.ChannelParameter(type=artifacts.Evaluation),
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
    }
    PARAMETERS: dict[str, component_spec.ExecutionParameter] = {
        "data": component_spec.ExecutionParameter(type=str),
        "evaluation_settings": component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
    }


class RetrievalEvaluator(base_component.BaseComponent):
    """Evaluates a model through its signatures, with baselines and the currently served model.

    TFX's Evaluator wraps TFMA, which compares one prediction with one label per example. Retrieval
    metrics rank the full catalogue for each query, and are averaged and compared per user.
    """

    SPEC_CLASS = RetrievalEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: types.BaseChannel[Any],
        windows: types.BaseChannel[Any],
        catalogue: types.BaseChannel[Any],
        current: types.BaseChannel[Any],
        data: str,
        evaluation_settings: str,
        code_version: str,
    ):
        """Constructs the component.

        Args:
          model: The trained towers, a SavedModel in the folder `Format-Serving`.
          windows: Raw windows with the splits train, eval and test.
          catalogue: The raw catalogue.
          current: The currently served model.
          data: DataSettings as canonical JSON.
          evaluation_settings: EvaluationSettings as canonical JSON.
          code_version: The version of the installed code.
        """
        super().__init__(
            RetrievalEvaluatorSpec(
                model=model,
                windows=windows,
                catalogue=catalogue,
                current=current,
                data=data,
                evaluation_settings=evaluation_settings,
                code_version=code_version,
                evaluation=types.Channel(type=artifacts.Evaluation),
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
            )
        )
